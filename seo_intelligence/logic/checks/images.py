"""Images and videos."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.page import Image, Page, ResourceFacts, Site

_CATEGORY = "images"
_RATIO_STYLE = re.compile(r"aspect-ratio|(?<![-a-z])width\s*:[^;]+;?.*(?<![-a-z])height\s*:", re.IGNORECASE)
FIRST_IMAGES = 3


def _shown(page: Page) -> Iterator[Image]:
    """Images that are neither hidden nor tracking pixels."""
    for image in document(page).images:
        if not image.hidden and not (image.width in ("0", "1") or image.height in ("0", "1")):
            yield image


def _files(
    site: Site, ctx: Context, kinds: tuple[str, ...] = ("image",)
) -> Iterator[tuple[ResourceFacts, list[str]]]:
    for facts in site.resources.values():
        if facts.kind in kinds:
            yield facts, ctx.crawl.resource_users(facts.url)


@check(
    id="im.broken",
    severity=ERROR,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Broken image",
    means="The image file answers with an error or not at all.",
    fix="Restore the file, or correct the address.",
)
def broken(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx):
        if (facts.status is not None and facts.status >= 400) or (
            facts.status is None and facts.error is not None
        ):
            evidence = {"status": facts.status, "error": facts.error.value if facts.error else None}
            for user in users:
                yield Hit(evidence, url=user, target=facts.url, value=facts.url)


@check(
    id="im.redirect",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Image redirects",
    means="The image address redirects, which costs time.",
    fix="Use the final address.",
)
def redirect(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx):
        if facts.redirects:
            for user in users:
                yield Hit({"to": facts.final_url}, url=user, target=facts.url, value=facts.url)


@check(
    id="im.alt_missing",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Image without alt attribute",
    means="Screen readers and image search learn nothing about the image. An empty alt is right for decoration.",
    fix='Describe the image in alt, or write alt="" for decoration.',
)
def alt_missing(page: Page, ctx: Context) -> Iterator[Hit]:
    missing = [image for image in _shown(page) if image.alt is None]
    if missing:
        yield Hit({"images": [i.src for i in missing[:10]], "count": len(missing)}, value=missing[0].src)


@check(
    id="im.alt_long",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Alt text is too long",
    means="The alt text is longer than screen readers read comfortably.",
    fix="Shorten it; put details in the text.",
    thresholds={"max_chars": 100},
)
def alt_long(page: Page, ctx: Context) -> Iterator[Hit]:
    for image in _shown(page):
        if image.alt is not None and len(image.alt) > ctx.t["max_chars"]:
            yield Hit(
                {"src": image.src, "chars": len(image.alt), "alt": image.alt[:200]},
                target=image.url,
                value=image.src,
            )


@check(
    id="im.large",
    severity=WARNING,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Image file is large",
    means="The file delays the page.",
    fix="Resize and compress it; use WebP or AVIF.",
    thresholds={"warning_bytes": 100_000, "error_bytes": 1_000_000},
)
def large(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx):
        if (facts.bytes or 0) > ctx.t["warning_bytes"]:
            level = ERROR if (facts.bytes or 0) > ctx.t["error_bytes"] else WARNING
            for user in users:
                yield Hit({"bytes": facts.bytes}, url=user, target=facts.url, value=facts.url, severity=level)


@check(
    id="im.no_dimensions",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Image without dimensions",
    means="Without width and height the page jumps when the image arrives.",
    fix="Give width and height attributes, or an aspect ratio.",
)
def no_dimensions(page: Page, ctx: Context) -> Iterator[Hit]:
    missing = [
        i
        for i in _shown(page)
        if not (i.width and i.height)
        and not _RATIO_STYLE.search(i.style)
        and i.src
        and not i.url.lower().endswith(".svg")
    ]
    if missing:
        yield Hit({"images": [i.src for i in missing[:10]], "count": len(missing)}, value=missing[0].src)


@check(
    id="im.aspect",
    severity=NOTICE,
    category=_CATEGORY,
    phase="x",
    on="site",
    title="Image is shown distorted",
    means="The ratio of width and height attributes differs from that of the file.",
    fix="Use the file's ratio.",
    thresholds={"max_difference": 0.05},
)
def aspect(site: Site, ctx: Context) -> Iterator[Hit]:
    for url, width, height, users in ctx.crawl.image_sizes():
        facts = site.resources.get(url)
        if facts is None or not facts.width or not facts.height or not width or not height:
            continue
        declared, real = width / height, facts.width / facts.height
        if abs(declared - real) / real > ctx.t["max_difference"]:
            evidence = {"attributes": f"{width:g}x{height:g}", "file": f"{facts.width}x{facts.height}"}
            for user in users:
                yield Hit(evidence, url=user, target=url, value=url)


@check(
    id="im.legacy_format",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Large image in an old format",
    means="JPEG and PNG files of this size shrink much as WebP or AVIF.",
    fix="Offer WebP or AVIF.",
    thresholds={"min_bytes": 100_000},
)
def legacy_format(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx):
        if facts.content_type in ("image/jpeg", "image/png") and (facts.bytes or 0) > ctx.t["min_bytes"]:
            for user in users:
                yield Hit(
                    {"type": facts.content_type, "bytes": facts.bytes},
                    url=user,
                    target=facts.url,
                    value=facts.url,
                )


@check(
    id="im.gif_video",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Large animated GIF",
    means="A video file shows the same at a fraction of the size.",
    fix="Replace it by a muted looping video.",
    thresholds={"min_bytes": 100_000},
)
def gif_video(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx):
        if facts.content_type == "image/gif" and (facts.bytes or 0) > ctx.t["min_bytes"]:
            for user in users:
                yield Hit({"bytes": facts.bytes}, url=user, target=facts.url, value=facts.url)


@check(
    id="im.no_srcset",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="One file for several display sizes",
    means="The same image is shown in different widths but has no srcset, so small screens load too much.",
    fix="Offer sizes by srcset.",
)
def no_srcset(page: Page, ctx: Context) -> Iterator[Hit]:
    widths: dict[str, set[str]] = defaultdict(set)
    responsive: set[str] = set()
    for image in _shown(page):
        if image.url and not image.url.lower().endswith(".svg"):
            if image.srcset or image.in_picture:
                responsive.add(image.url)
            elif image.width:
                widths[image.url].add(image.width)
    for url, found in sorted(widths.items()):
        if len(found) > 1 and url not in responsive:
            yield Hit({"src": url, "widths": sorted(found)}, target=url, value=url)


@check(
    id="im.lazy_above",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="First image loads lazily",
    means="One of the first images waits for the layout, which delays what visitors see first.",
    fix='Remove loading="lazy" from images at the top of the page.',
    thresholds={"first_images": FIRST_IMAGES},
)
def lazy_above(page: Page, ctx: Context) -> Iterator[Hit]:
    shown = [i for i in _shown(page) if i.src]
    for image in shown[: int(ctx.t["first_images"])]:
        if image.loading == "lazy":
            yield Hit({"src": image.src, "index": image.order}, target=image.url)
            return


@check(
    id="im.eager_below",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Later images do not load lazily",
    means="Images further down load at once and compete with what is needed first.",
    fix='Add loading="lazy" to images below the first screen.',
    thresholds={"first_images": FIRST_IMAGES},
)
def eager_below(page: Page, ctx: Context) -> Iterator[Hit]:
    later = [i for i in _shown(page) if i.src][int(ctx.t["first_images"]) :]
    eager = [
        i
        for i in later
        if i.loading != "lazy" and not i.src.startswith("data:") and not i.url.endswith(".svg")
    ]
    if eager:
        yield Hit({"images": [i.src for i in eager[:10]], "count": len(eager)}, value=eager[0].src)


@check(
    id="im.picture_no_img",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="picture without img",
    means="A picture element shows nothing without an img inside.",
    fix="Add the img.",
)
def picture_no_img(page: Page, ctx: Context) -> Iterator[Hit]:
    found = document(page).markup.get("picture_no_img", ())
    if found:
        yield Hit({"elements": [e.snippet for e in found[:5]]})


@check(
    id="im.svg_inline",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Large inline SVG",
    means="A large drawing stands in the HTML and delays it on every page.",
    fix="Move it to a file of its own.",
    thresholds={"max_bytes": 20_000},
)
def svg_inline(page: Page, ctx: Context) -> Iterator[Hit]:
    size = document(page).inline_svg_bytes
    if size > ctx.t["max_bytes"]:
        yield Hit({"bytes": size})


@check(
    id="vd.no_poster",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Video without poster",
    means="The video shows nothing until it loads.",
    fix="Add a poster image.",
)
def no_poster(page: Page, ctx: Context) -> Iterator[Hit]:
    missing = [v.src for v in document(page).videos if not v.poster]
    if missing:
        yield Hit({"videos": missing[:5]}, value=missing[0])


@check(
    id="vd.no_captions",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Video without captions",
    means="Visitors who do not hear the sound miss the content. Muted videos are left out.",
    fix="Add a track with captions.",
)
def no_captions(page: Page, ctx: Context) -> Iterator[Hit]:
    missing = [v.src for v in document(page).videos if not v.captions and not v.muted]
    if missing:
        yield Hit({"videos": missing[:5]}, value=missing[0])
