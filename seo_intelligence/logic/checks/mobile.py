"""Use on small screens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, WARNING, Context, Hit, check, document
from seo_intelligence.logic.page import Page, Site

_CATEGORY = "mobile"


def _viewports(page: Page) -> list[str]:
    return [m.content for m in document(page).metas if m.key == "viewport"]


def _viewport(content: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in re.split(r"[,;]", content.lower()))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}


@check(
    id="mo.viewport",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="No viewport for small screens",
    means="Phones show the desktop page in small print.",
    fix='Add <meta name="viewport" content="width=device-width, initial-scale=1">.',
)
def viewport(page: Page, ctx: Context) -> Iterator[Hit]:
    found = _viewports(page)
    if not any("width" in _viewport(content) for content in found):
        yield Hit({"viewport": found[0] if found else None})


@check(
    id="mo.no_zoom",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Zooming is forbidden",
    means="Visitors cannot enlarge the text.",
    fix="Remove user-scalable=no and maximum-scale below 5.",
    thresholds={"min_maximum_scale": 5},
)
def no_zoom(page: Page, ctx: Context) -> Iterator[Hit]:
    for content in _viewports(page):
        values = _viewport(content)
        try:
            scale = float(values.get("maximum-scale", "10"))
        except ValueError:
            scale = 10.0
        if values.get("user-scalable") in ("no", "0") or scale < ctx.t["min_maximum_scale"]:
            yield Hit({"viewport": content})
            return


@check(
    id="mo.parity",
    severity=WARNING,
    category=_CATEGORY,
    phase="x",
    title="Mobile visitors get less content",
    means="A mobile user agent gets far fewer words, links or structured data, and engines index that version.",
    fix="Serve the same content to all devices.",
    thresholds={"max_loss": 0.2},
)
def parity(site: Site, ctx: Context) -> Iterator[Hit]:
    mobile, browser = site.probes.get("mobile_home"), site.probes.get("browser_home")
    if mobile is None or browser is None or mobile.status != 200 or browser.status != 200:
        return
    for name, full, less in (
        ("words", browser.word_count, mobile.word_count),
        ("links", browser.link_count, mobile.link_count),
        ("structured data", browser.schema_count, mobile.schema_count),
    ):
        if full and (full - less) / full >= ctx.t["max_loss"]:
            yield Hit({"what": name, "desktop": full, "mobile": less}, url=site.home_url, value=name)
