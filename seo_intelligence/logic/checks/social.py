"""Open Graph and Twitter card tags."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.page import Page, Site
from seo_intelligence.logic.urls import BadURL, resolve

_CATEGORY = "social"
_REQUIRED = ("og:title", "og:type", "og:image", "og:url")
_CARDS = frozenset(("summary", "summary_large_image", "app", "player"))


def _tags(page: Page, prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in document(page).metas:
        if meta.key.startswith(prefix) and meta.content:
            found.setdefault(meta.key, meta.content)
    return found


def open_graph_image(page: Page) -> str:
    """Absolute address of the og:image, or an empty string."""
    content = _tags(page, "og:").get("og:image", "")
    try:
        return resolve(page.url, content)[0] if content else ""
    except BadURL:
        return ""


@check(
    id="og.missing",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="No Open Graph tags",
    means="Shared links show what the network guesses.",
    fix="Add og:title, og:type, og:image and og:url.",
)
def og_missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if not _tags(page, "og:"):
        yield Hit({"og": None})


@check(
    id="og.incomplete",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Open Graph tags incomplete",
    means="Some of title, type, image and url are missing, so shared links look poor.",
    fix="Add the missing tags.",
)
def og_incomplete(page: Page, ctx: Context) -> Iterator[Hit]:
    tags = _tags(page, "og:")
    missing = [name for name in _REQUIRED if name not in tags]
    if tags and missing:
        yield Hit({"missing": missing}, value=",".join(missing))


@check(
    id="og.url_canonical",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="og:url differs from the canonical",
    means="Shares are counted for another address than the one that is indexed.",
    fix="Use the canonical address in og:url.",
)
def og_url(page: Page, ctx: Context) -> Iterator[Hit]:
    content = _tags(page, "og:").get("og:url")
    if not content:
        return
    try:
        url = resolve(page.url, content)[0]
    except BadURL:
        url = content
    canonical = page.canonical
    if canonical and url != canonical:
        yield Hit({"og:url": content, "canonical": canonical}, target=url)


@check(
    id="og.image_broken",
    severity=WARNING,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Open Graph image is broken",
    means="Shared links show no picture.",
    fix="Correct the address of og:image.",
)
def og_image_broken(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts in site.resources.values():
        if facts.kind == "og-image" and (
            (facts.status or 0) >= 400 or (facts.status is None and facts.error)
        ):
            for user in ctx.crawl.resource_users(facts.url):
                yield Hit({"status": facts.status}, url=user, target=facts.url, value=facts.url)


@check(
    id="og.image_small",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Open Graph image is small",
    means="Networks show small pictures as thumbnails.",
    fix="Use an image of at least 1200 x 630 pixels.",
    thresholds={"min_width": 1200, "min_height": 630},
)
def og_image_small(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts in site.resources.values():
        if (
            facts.kind == "og-image"
            and facts.width
            and facts.height
            and (facts.width < ctx.t["min_width"] or facts.height < ctx.t["min_height"])
        ):
            for user in ctx.crawl.resource_users(facts.url):
                evidence = {"size": f"{facts.width}x{facts.height}"}
                yield Hit(evidence, url=user, target=facts.url, value=facts.url)


@check(
    id="tw.missing",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="No Twitter card",
    means="Links shared there show no card of their own (Open Graph tags fill in for most of it).",
    fix="Add twitter:card.",
)
def twitter_missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if not _tags(page, "twitter:"):
        yield Hit({"twitter:card": None})


@check(
    id="tw.bad_card",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Unknown Twitter card",
    means="The card type does not exist, so it is ignored.",
    fix="Use summary or summary_large_image.",
)
def twitter_bad_card(page: Page, ctx: Context) -> Iterator[Hit]:
    card = _tags(page, "twitter:").get("twitter:card")
    if card is not None and card.strip().lower() not in _CARDS:
        yield Hit({"twitter:card": card}, value=card)
