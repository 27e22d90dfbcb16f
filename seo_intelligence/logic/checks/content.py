"""Main text of indexable pages: amount, duplication, language quality, dates."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.extract.dates import url_date
from seo_intelligence.logic.extract.text import flesch_reading_ease
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.near_duplicates import near_duplicate_pairs
from seo_intelligence.logic.page import Page
from seo_intelligence.logic.urls import path_segments

_CATEGORY = "content"
ARTICLE_TYPES = frozenset(
    ("Article", "NewsArticle", "BlogPosting", "TechArticle", "ScholarlyArticle", "Report", "LiveBlogPosting")
)
_LOREM = re.compile(
    r"\blorem ipsum\b|\bdolor sit amet\b|\bconsectetur adipi?scing\b|\b(?:insert|your|add) (?:text|content|copy) here\b"
    r"|"
    r"\bplaceholder text\b|\bcontent goes here\b|\bsample text here\b|\bTODO:",
    re.IGNORECASE,
)
# UTF-8 read as Windows-1252: a lead byte as Ã, Â, â, Å or Ä, then a continuation byte as its cp1252 character.
_MOJIBAKE = re.compile(
    r"Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\u0080-\u00bf™œžš˜¦“”•–—¢]|Â[\u00a0-\u00bf](?![a-z])|â\u0080[\u0090-\u00bf]|ï¿½|\ufffd"
)
_HOME = frozenset(("", "index.html", "index.php"))


def is_article(page: Page) -> bool:
    """True for pages that say they are an article (structured data or Open Graph)."""
    if page.schema_types & ARTICLE_TYPES:
        return True
    return any(meta.key == "og:type" and meta.content.lower() == "article" for meta in document(page).metas)


@check(
    id="ct.thin",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Little text",
    means="The main text has few words, so the page has little to be found for.",
    fix="Answer the visitor's question in more depth, join the page with another, or leave it out of the index.",
    thresholds={"min_words": 200},
)
def thin(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.word_count < ctx.t["min_words"]:
        yield Hit({"words": page.word_count, "min_words": ctx.t["min_words"]})


@check(
    id="ct.thin_vs_norm",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Much less text than similar pages",
    means="The page has far fewer words than the other pages of its template.",
    fix="Check whether its content is missing.",
    thresholds={"robust_z": 3.5, "min_pages": 10},
)
def thin_vs_norm(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    templates: dict[str, list[Page]] = defaultdict(list)
    for page in graph:
        if page.indexable:
            templates[page.template].append(page)
    for pages in templates.values():
        if len(pages) < ctx.t["min_pages"]:
            continue
        counts = np.array([p.word_count for p in pages], dtype=float)
        median = float(np.median(counts))
        # At least a tenth of the median, as pages filled from a form hardly vary at all.
        spread = max(float(np.median(np.abs(counts - median))) * 1.4826, 0.1 * median, 1.0)
        for page in pages:
            z = (page.word_count - median) / spread
            if z <= -ctx.t["robust_z"]:
                evidence = {"words": page.word_count, "template_median": median, "robust_z": round(z, 1)}
                yield Hit(evidence, url=page.url, value=page.template)


def _related(a: Page, b: Page) -> bool:
    """True when a canonical, hreflang or pagination link already explains why two pages are alike."""
    if a.canonical == b.url or b.canonical == a.url or (a.canonical_elsewhere and a.canonical == b.canonical):
        return True
    return any(h.url == b.url for h in a.hreflangs) and any(h.url == a.url for h in b.hreflangs)


@check(
    id="ct.exact_dup",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Duplicate content",
    means="Another page has exactly the same main text, and no canonical says which one counts.",
    fix="Keep one page and redirect the others to it, or set a canonical.",
    thresholds={"min_words": 20},
)
def exact_duplicate(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    groups: dict[int, list[Page]] = defaultdict(list)
    for page in graph:
        if page.status == 200 and page.is_html and not page.noindex and page.word_count >= ctx.t["min_words"]:
            groups[page.text_hash].append(page)
    for key, pages in groups.items():
        unexplained = [p for p in pages if any(q is not p and not _related(p, q) for q in pages[:50])]
        indexable = [p for p in unexplained if not p.canonical_elsewhere]
        if len(indexable) > 1:
            for page in indexable:
                other = indexable[0] if page is not indexable[0] else indexable[1]
                evidence = {"same_as": other.url, "pages": len(indexable), "words": page.word_count}
                yield Hit(evidence, url=page.url, target=other.url, value=f"{key:016x}")


@check(
    id="ct.near_dup",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Near-duplicate content",
    means="Another page has nearly the same main text.",
    fix="Join the pages, set a canonical, or make each worth reading on its own.",
    thresholds={"max_hamming": 6, "min_similarity": 0.9, "min_words": 50},
)
def near_duplicate(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    pages: list[Page] = []
    seen: set[int] = set()
    for page in graph:
        # Exact duplicates are reported as such; one of each text stands for them here.
        if page.indexable and page.word_count >= ctx.t["min_words"] and page.text_hash not in seen:
            seen.add(page.text_hash)
            pages.append(page)
    pairs = near_duplicate_pairs(
        [p.simhash for p in pages],
        [p.shingles for p in pages],
        max_hamming=int(ctx.t["max_hamming"]),
        min_jaccard=float(ctx.t["min_similarity"]),
    )
    reported: set[str] = set()
    for i, j, likeness in pairs:
        a, b = pages[i], pages[j]
        if _related(a, b):
            continue
        for page, other in ((a, b), (b, a)):
            if page.url not in reported:
                reported.add(page.url)
                evidence = {"similar_to": other.url, "similarity": round(likeness, 3)}
                yield Hit(evidence, url=page.url, target=other.url, value=min(a.url, b.url))


@check(
    id="ct.text_ratio",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    scored=False,
    title="Little text in relation to HTML",
    means="Ten percent or less of the HTML is visible text. Not a ranking factor; a hint of heavy markup.",
    fix="Move inline styles, scripts and data out of the page.",
    thresholds={"max_share": 0.10},
)
def text_ratio(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    if doc.html_chars and doc.text_chars / doc.html_chars <= ctx.t["max_share"]:
        yield Hit({"share": round(doc.text_chars / doc.html_chars, 3), "text_chars": doc.text_chars})


def _around(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - 30) : match.end() + 30]


@check(
    id="ct.lorem",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Placeholder text",
    means="The page shows filler text that was meant to be replaced.",
    fix="Write the real text.",
)
def lorem(page: Page, ctx: Context) -> Iterator[Hit]:
    for text in (document(page).text, page.title, page.description, *page.h1):
        match = _LOREM.search(text)
        if match:
            yield Hit({"text": _around(text, match)}, value=match.group(0).lower())
            return


@check(
    id="ct.mojibake",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Broken characters",
    means="Text was decoded with the wrong character set, so it shows signs such as Ã¼ or â€™.",
    fix="Store and send the text as UTF-8, and declare it.",
)
def mojibake(page: Page, ctx: Context) -> Iterator[Hit]:
    for text in (page.title, page.description, *page.h1, document(page).text):
        match = None if text.isascii() else _MOJIBAKE.search(text)
        if match:
            yield Hit({"text": _around(text, match)})
            return


@check(
    id="ct.hidden",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Hidden text or links",
    means="Text or links are hidden by an inline style; engines may take it for deception.",
    fix="Show the content, or remove it.",
    thresholds={"min_chars": 50, "min_links": 10},
)
def hidden(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    if doc.hidden_chars >= ctx.t["min_chars"] or doc.hidden_links >= ctx.t["min_links"]:
        yield Hit({"chars": doc.hidden_chars, "links": doc.hidden_links})


@check(
    id="ct.stuffing",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Keyword stuffing",
    means="One word makes up an unnatural share of the text.",
    fix="Write for readers; use the word where it belongs.",
    thresholds={"max_share": 0.03, "min_count": 5, "min_words": 100, "min_excess": 2.0},
)
def stuffing(page: Page, ctx: Context) -> Iterator[Hit]:
    terms = document(page).top_terms
    if not terms or page.word_count < ctx.t["min_words"]:
        return
    term, count = terms[0]
    # A page may well repeat its subject; stuffing shows in a term, or a phrase of up to three, far ahead of the rest.
    share = count / page.word_count
    following = terms[3][1] if len(terms) > 3 else 1
    if (
        share > ctx.t["max_share"]
        and count >= ctx.t["min_count"]
        and count >= ctx.t["min_excess"] * following
    ):
        yield Hit({"term": term, "count": count, "share": round(share, 3)}, value=term)


@check(
    id="ct.readability",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    scored=False,
    title="Text is hard to read",
    means="Long sentences and words make the text hard to read (Flesch reading ease, English only).",
    fix="Shorten sentences and use plainer words.",
    thresholds={"hard_below": 50, "very_hard_below": 30, "min_words": 100},
)
def readability(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    english = doc.detected_lang == "en" and page.lang.startswith(("en", ""))
    if not english or page.word_count < ctx.t["min_words"] or page.word_count > 2000:
        return
    # Lists and tables have no full stops; a score needs sentences of a plausible length.
    if page.word_count / doc.sentences > 60:
        return
    score = flesch_reading_ease(page.word_count, doc.sentences, doc.syllables)
    if score < ctx.t["hard_below"]:
        label = "very hard" if score < ctx.t["very_hard_below"] else "hard"
        yield Hit({"flesch": round(score, 1), "level": label}, value=label)


@check(
    id="ct.stale",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Article was not updated for long",
    means="The article's last modification lies more than six months back.",
    fix="Review the article, and update it and its date when something changed.",
    thresholds={"max_age_days": 183},
)
def stale(page: Page, ctx: Context) -> Iterator[Hit]:
    date = page.date_modified or page.date_published
    if date is not None and is_article(page):
        age = (ctx.now.date() - date).days
        if age > ctx.t["max_age_days"]:
            yield Hit({"modified": date.isoformat(), "age_days": age})


@check(
    id="ct.copyright_old",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Copyright year is old",
    means="The year in the footer is not the current one, which makes the site look abandoned.",
    fix="Write the current year, best by template.",
)
def copyright_old(page: Page, ctx: Context) -> Iterator[Hit]:
    year = document(page).copyright_year
    if year is not None and year < ctx.now.year:
        yield Hit({"year": year}, value=str(year))


@check(
    id="ct.date_clash",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Dates contradict each other",
    means="The date shown, the one in structured data, and the one in the address differ by more than a day.",
    fix="Take all of them from one source.",
    thresholds={"max_days": 1},
)
def date_clash(page: Page, ctx: Context) -> Iterator[Hit]:
    tolerance = dt.timedelta(days=ctx.t["max_days"])
    stated = [d for d in (page.date_published, page.date_modified) if d is not None]
    visible = document(page).visible_dates
    in_url = url_date(page.url)
    evidence: dict[str, object] = {}
    if stated and visible and not any(abs(v - s) <= tolerance for v in visible for s in stated):
        evidence = {
            "visible": [d.isoformat() for d in visible[:3]],
            "structured": [d.isoformat() for d in stated],
        }
    elif in_url is not None:
        published = page.date_published or (None if page.date_modified else next(iter(visible), None))
        if published is not None and abs(published - in_url) > tolerance:
            evidence = {"url": in_url.isoformat(), "published": published.isoformat()}
    if evidence:
        yield Hit(evidence)


def _vocabulary(graph: CrawlGraph) -> Counter[str]:
    return Counter(term for page in graph if page.indexable for term in page.terms)


def off_topic(graph: CrawlGraph, min_pages: int) -> Iterator[tuple[Page, int]]:
    """Indexable pages of a rare template that share no frequent term with the rest of the site."""
    pages = [p for p in graph if p.indexable and p.terms]
    if len(pages) < min_pages:
        return
    vocabulary = _vocabulary(graph)
    templates = Counter(p.template for p in pages)
    for page in pages:
        shared = sum(vocabulary[term] > 1 for term in page.terms)
        if page.url != graph.home_url and templates[page.template] / len(pages) <= 0.1 and shared <= 2:
            yield page, shared


@check(
    id="ct.doorway",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Doorway page",
    means="The page fits neither the site's template nor its topics and mainly leads to affiliate links.",
    fix="Remove the page, or check whether the site was broken into.",
    thresholds={"min_affiliate_links": 3, "min_pages": 8},
)
def doorway(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, shared in off_topic(graph, int(ctx.t["min_pages"])):
        if page.affiliate_links >= ctx.t["min_affiliate_links"]:
            evidence = {
                "affiliate_links": page.affiliate_links,
                "shared_terms": shared,
                "terms": list(page.terms[:5]),
            }
            yield Hit(evidence, url=page.url)


def depth_of_path(url: str) -> int:
    """Number of path segments, index files not counted."""
    return len([segment for segment in path_segments(url) if segment not in _HOME])
