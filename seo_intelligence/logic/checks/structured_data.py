"""JSON-LD and microdata."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from seo_intelligence.logic.checks.content import depth_of_path
from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.checks.rich_results import RETIRED, bad_values, present, requirements
from seo_intelligence.logic.extract.structured import walk
from seo_intelligence.logic.extract.text import fold
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page

_CATEGORY = "structured_data"
_TEMPLATED_PATH = re.compile(
    r"/(?:products?|shop|blog|posts?|articles?|news|recipes?|events?|jobs?|courses?|videos?)/[^/?]+",
    re.IGNORECASE,
)
_TEMPLATED_OG = frozenset(
    ("article", "product", "video.other", "video.movie", "book", "og:product", "recipe")
)
_CONFLICT_TYPES = frozenset(
    ("Product", "Article", "NewsArticle", "BlogPosting", "Recipe", "Event", "JobPosting")
)


def _objects(page: Page) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], bool]]:
    """Typed objects of a page with a flag for those that are no part of another."""
    for item in document(page).structured:
        for n, (types, props) in enumerate(walk(item.props)):
            yield types, props, n == 0


def _is_reference(props: Mapping[str, Any]) -> bool:
    return "@id" in props and len([k for k in props if not k.startswith("@")]) == 0


@check(
    id="sd.parse",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="JSON-LD cannot be read",
    means="The block is not valid JSON, so engines ignore it.",
    fix="Correct the syntax; look for missing commas, quotes, and line breaks in texts.",
)
def parse(page: Page, ctx: Context) -> Iterator[Hit]:
    for error in document(page).structured_errors:
        if error.code == "parse":
            yield Hit({"error": error.detail}, value=error.detail.split(":")[0])


@check(
    id="sd.context",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Structured data without vocabulary",
    means="@context is not schema.org, or an object has no @type, so its meaning is unknown.",
    fix='Set "@context": "https://schema.org" and a type.',
)
def context(page: Page, ctx: Context) -> Iterator[Hit]:
    for error in document(page).structured_errors:
        if error.code in ("context", "type"):
            yield Hit({"problem": error.code, "found": error.detail}, value=error.code)


@check(
    id="sd.required",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Required property is missing",
    means="Without the property the page gets no rich result for this type.",
    fix="Add the property.",
)
def required(page: Page, ctx: Context) -> Iterator[Hit]:
    for types, props, top in _objects(page):
        found = requirements(types)
        if found is None or _is_reference(props):
            continue
        name, rich = found
        for alternatives in (*rich.required, *(rich.top_required if top else ())):
            if not present(props, alternatives):
                label = " or ".join(alternatives)
                yield Hit({"type": name, "property": label}, value=f"{name}.{label}")


@check(
    id="sd.recommended",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Recommended property is missing",
    means="The markup is valid; more properties would make a fuller result.",
    fix="Add the property when the page has the fact.",
)
def recommended(page: Page, ctx: Context) -> Iterator[Hit]:
    missing: dict[str, list[str]] = defaultdict(list)
    for types, props, _ in _objects(page):
        found = requirements(types)
        # Objects that only name a publisher or a brand are no claim for a rich result of their own.
        if found is None or _is_reference(props) or (found[0] == "Organization" and not _):
            continue
        name, rich = found
        missing[name].extend(" or ".join(a) for a in rich.recommended if not present(props, a))
    for name, properties in missing.items():
        if properties:
            yield Hit({"type": name, "properties": sorted(set(properties))}, value=name)


@check(
    id="sd.type_value",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Malformed property value",
    means="A date, address, number, currency or enumeration is not in the expected form.",
    fix="Use ISO 8601 dates, full addresses, plain numbers, ISO 4217 currencies and schema.org terms.",
)
def type_value(page: Page, ctx: Context) -> Iterator[Hit]:
    for types, props, _ in _objects(page):
        for name, value, expected in bad_values(props):
            yield Hit(
                {"type": types[0], "property": name, "value": value, "expected": expected},
                value=f"{types[0]}.{name}",
            )


@check(
    id="sd.none",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="No structured data",
    means="Pages of this kind (article, product, event, …) usually carry structured data; this one has none.",
    fix="Add JSON-LD of the fitting type.",
)
def none(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    if doc.structured or doc.structured_errors:
        return
    og_type = next((m.content.lower() for m in doc.metas if m.key == "og:type"), "")
    if og_type in _TEMPLATED_OG or _TEMPLATED_PATH.search(page.url):
        yield Hit({"og:type": og_type or None})


@check(
    id="sd.coverage_gap",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Structured data missing that similar pages have",
    means="Most pages of the template carry this type, this one does not.",
    fix="Add it, or correct the template.",
    thresholds={"share": 0.8, "min_pages": 5},
)
def coverage_gap(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    templates: dict[str, list[Page]] = defaultdict(list)
    for page in graph:
        if page.indexable:
            templates[page.template].append(page)
    for pages in templates.values():
        if len(pages) < ctx.t["min_pages"]:
            continue
        counts = Counter(t for page in pages for t in page.schema_types)
        usual = {t for t, n in counts.items() if n / len(pages) >= ctx.t["share"]}
        for page in pages:
            lacking = sorted(usual - page.schema_types)
            if lacking and page.url != graph.home_url:
                evidence = {"missing": lacking, "template_pages": len(pages)}
                yield Hit(evidence, url=page.url, value=",".join(lacking))


@check(
    id="sd.rating_scope",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Rating in markup is not on the page",
    means="The rating or its count is not visible to visitors; engines may punish such markup.",
    fix="Show the rating, or remove the markup.",
)
def rating_scope(page: Page, ctx: Context) -> Iterator[Hit]:
    text = document(page).text
    for types, props, _ in _objects(page):
        if "AggregateRating" not in types:
            continue
        value = str(props.get("ratingValue", "")).strip()
        counts = [str(props[k]).strip() for k in ("ratingCount", "reviewCount") if k in props]
        forms = {value, value.replace(".", ","), value.removesuffix(".0")} - {""}
        visible = any(re.search(rf"(?<![\d.,]){re.escape(v)}(?![\d])", text) for v in (*forms, *counts) if v)
        if not visible:
            yield Hit({"ratingValue": value, "counts": counts, "why": "not visible"})
            return


def _price(props: Mapping[str, Any]) -> str:
    offers = props.get("offers")
    offer = offers[0] if isinstance(offers, list) and offers else offers
    return str(offer.get("price", "")) if isinstance(offer, Mapping) else ""


def _same_number(left: str, right: str) -> bool:
    try:
        return abs(float(left) - float(right)) < 1e-9
    except ValueError:
        return left == right


@check(
    id="sd.multi_conflict",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Two blocks of one type disagree",
    means="Two blocks describe the same thing with different names or prices; engines choose one or none.",
    fix="Keep one block per thing.",
)
def multi_conflict(page: Page, ctx: Context) -> Iterator[Hit]:
    by_type: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in document(page).structured:
        for name in item.types:
            if name in _CONFLICT_TYPES and not _is_reference(item.props):
                by_type[name].append(item.props)
    for name, blocks in sorted(by_type.items()):
        # More than two blocks are a list of things, not two views of one.
        if len(blocks) != 2:
            continue
        first, second = blocks
        names = [str(b.get("name") or b.get("headline") or b.get("title") or "") for b in blocks]
        prices = [_price(b) for b in blocks]
        differing = []
        if all(names) and fold(names[0]) != fold(names[1]):
            differing.append({"property": "name", "values": [n[:120] for n in names]})
        if all(prices) and not _same_number(*prices):
            differing.append({"property": "price", "values": prices})
        urls = {str(b.get("url", "")) for b in blocks}
        if differing and (len(urls) == 1 or first.get("sku") == second.get("sku")):
            yield Hit({"type": name, "differences": differing}, value=name)


def _breadcrumb_faults(props: Mapping[str, Any]) -> list[str]:
    items = props.get("itemListElement")
    items = items if isinstance(items, list) else [items] if items else []
    faults: list[str] = [] if items else ["no items"]
    positions: list[int] = []
    for n, entry in enumerate(items):
        if not isinstance(entry, Mapping):
            faults.append(f"item {n + 1} is no ListItem")
            continue
        target = entry.get("item")
        inner = target if isinstance(target, Mapping) else {}
        if not (entry.get("name") or inner.get("name")):
            faults.append(f"item {n + 1} has no name")
        if n < len(items) - 1 and not (
            target if isinstance(target, str) else inner.get("@id") or inner.get("url")
        ):
            faults.append(f"item {n + 1} has no address")
        try:
            positions.append(int(entry.get("position", "")))
        except (TypeError, ValueError):
            faults.append(f"item {n + 1} has no position")
    if (
        positions
        and len(positions) == len(items)
        and positions != list(range(positions[0], positions[0] + len(items)))
    ):
        faults.append("positions are not in order")
    return faults


@check(
    id="sd.breadcrumb",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Breadcrumb missing or broken",
    means="A page deep in the site has no BreadcrumbList, or one with faulty items.",
    fix="Add a BreadcrumbList whose items have position, name and address.",
    thresholds={"min_path_depth": 3, "min_click_depth": 3},
)
def breadcrumb(page: Page, ctx: Context) -> Iterator[Hit]:
    lists = [props for types, props, _ in _objects(page) if "BreadcrumbList" in types]
    for props in lists:
        faults = _breadcrumb_faults(props)
        if faults:
            yield Hit({"faults": faults[:10]}, value=faults[0])
            return
    path_depth = depth_of_path(page.url)
    clicks = page.depth or 0
    if not lists and (path_depth >= ctx.t["min_path_depth"] or clicks >= ctx.t["min_click_depth"]):
        yield Hit({"path_depth": path_depth, "click_depth": clicks}, value="missing")


@check(
    id="sd.deprecated",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Retired rich-result type",
    means="Search engines show no rich result for this type any more.",
    fix="Remove the markup if it serves nothing else.",
)
def deprecated(page: Page, ctx: Context) -> Iterator[Hit]:
    for name in sorted(page.schema_types & RETIRED):
        yield Hit({"type": name}, value=name)
