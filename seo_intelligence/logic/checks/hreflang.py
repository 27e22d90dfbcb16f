"""hreflang sets and the language of pages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Hreflang, Page
from seo_intelligence.logic.urls import is_absolute

_CATEGORY = "hreflang"
# ISO 639-1 codes, and the ISO 3166-1 alpha-2 codes assigned to countries.
LANGUAGES = frozenset(
    [
        "aa",
        "ab",
        "ae",
        "af",
        "ak",
        "am",
        "an",
        "ar",
        "as",
        "av",
        "ay",
        "az",
        "ba",
        "be",
        "bg",
        "bh",
        "bi",
        "bm",
        "bn",
        "bo",
        "br",
        "bs",
        "ca",
        "ce",
        "ch",
        "co",
        "cr",
        "cs",
        "cu",
        "cv",
        "cy",
        "da",
        "de",
        "dv",
        "dz",
        "ee",
        "el",
        "en",
        "eo",
        "es",
        "et",
        "eu",
        "fa",
        "ff",
        "fi",
        "fj",
        "fo",
        "fr",
        "fy",
        "ga",
        "gd",
        "gl",
        "gn",
        "gu",
        "gv",
        "ha",
        "he",
        "hi",
        "ho",
        "hr",
        "ht",
        "hu",
        "hy",
        "hz",
        "ia",
        "id",
        "ie",
        "ig",
        "ii",
        "ik",
        "io",
        "is",
        "it",
        "iu",
        "ja",
        "jv",
        "ka",
        "kg",
        "ki",
        "kj",
        "kk",
        "kl",
        "km",
        "kn",
        "ko",
        "kr",
        "ks",
        "ku",
        "kv",
        "kw",
        "ky",
        "la",
        "lb",
        "lg",
        "li",
        "ln",
        "lo",
        "lt",
        "lu",
        "lv",
        "mg",
        "mh",
        "mi",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "mt",
        "my",
        "na",
        "nb",
        "nd",
        "ne",
        "ng",
        "nl",
        "nn",
        "no",
        "nr",
        "nv",
        "ny",
        "oc",
        "oj",
        "om",
        "or",
        "os",
        "pa",
        "pi",
        "pl",
        "ps",
        "pt",
        "qu",
        "rm",
        "rn",
        "ro",
        "ru",
        "rw",
        "sa",
        "sc",
        "sd",
        "se",
        "sg",
        "si",
        "sk",
        "sl",
        "sm",
        "sn",
        "so",
        "sq",
        "sr",
        "ss",
        "st",
        "su",
        "sv",
        "sw",
        "ta",
        "te",
        "tg",
        "th",
        "ti",
        "tk",
        "tl",
        "tn",
        "to",
        "tr",
        "ts",
        "tt",
        "tw",
        "ty",
        "ug",
        "uk",
        "ur",
        "uz",
        "ve",
        "vi",
        "vo",
        "wa",
        "wo",
        "xh",
        "yi",
        "yo",
        "za",
        "zh",
        "zu",
        "fil",
    ]
)
COUNTRIES = frozenset(
    [
        "ad",
        "ae",
        "af",
        "ag",
        "ai",
        "al",
        "am",
        "ao",
        "aq",
        "ar",
        "as",
        "at",
        "au",
        "aw",
        "ax",
        "az",
        "ba",
        "bb",
        "bd",
        "be",
        "bf",
        "bg",
        "bh",
        "bi",
        "bj",
        "bl",
        "bm",
        "bn",
        "bo",
        "bq",
        "br",
        "bs",
        "bt",
        "bv",
        "bw",
        "by",
        "bz",
        "ca",
        "cc",
        "cd",
        "cf",
        "cg",
        "ch",
        "ci",
        "ck",
        "cl",
        "cm",
        "cn",
        "co",
        "cr",
        "cu",
        "cv",
        "cw",
        "cx",
        "cy",
        "cz",
        "de",
        "dj",
        "dk",
        "dm",
        "do",
        "dz",
        "ec",
        "ee",
        "eg",
        "eh",
        "er",
        "es",
        "et",
        "fi",
        "fj",
        "fk",
        "fm",
        "fo",
        "fr",
        "ga",
        "gb",
        "gd",
        "ge",
        "gf",
        "gg",
        "gh",
        "gi",
        "gl",
        "gm",
        "gn",
        "gp",
        "gq",
        "gr",
        "gs",
        "gt",
        "gu",
        "gw",
        "gy",
        "hk",
        "hm",
        "hn",
        "hr",
        "ht",
        "hu",
        "id",
        "ie",
        "il",
        "im",
        "in",
        "io",
        "iq",
        "ir",
        "is",
        "it",
        "je",
        "jm",
        "jo",
        "jp",
        "ke",
        "kg",
        "kh",
        "ki",
        "km",
        "kn",
        "kp",
        "kr",
        "kw",
        "ky",
        "kz",
        "la",
        "lb",
        "lc",
        "li",
        "lk",
        "lr",
        "ls",
        "lt",
        "lu",
        "lv",
        "ly",
        "ma",
        "mc",
        "md",
        "me",
        "mf",
        "mg",
        "mh",
        "mk",
        "ml",
        "mm",
        "mn",
        "mo",
        "mp",
        "mq",
        "mr",
        "ms",
        "mt",
        "mu",
        "mv",
        "mw",
        "mx",
        "my",
        "mz",
        "na",
        "nc",
        "ne",
        "nf",
        "ng",
        "ni",
        "nl",
        "no",
        "np",
        "nr",
        "nu",
        "nz",
        "om",
        "pa",
        "pe",
        "pf",
        "pg",
        "ph",
        "pk",
        "pl",
        "pm",
        "pn",
        "pr",
        "ps",
        "pt",
        "pw",
        "py",
        "qa",
        "re",
        "ro",
        "rs",
        "ru",
        "rw",
        "sa",
        "sb",
        "sc",
        "sd",
        "se",
        "sg",
        "sh",
        "si",
        "sj",
        "sk",
        "sl",
        "sm",
        "sn",
        "so",
        "sr",
        "ss",
        "st",
        "sv",
        "sx",
        "sy",
        "sz",
        "tc",
        "td",
        "tf",
        "tg",
        "th",
        "tj",
        "tk",
        "tl",
        "tm",
        "tn",
        "to",
        "tr",
        "tt",
        "tv",
        "tw",
        "tz",
        "ua",
        "ug",
        "um",
        "us",
        "uy",
        "uz",
        "va",
        "vc",
        "ve",
        "vg",
        "vi",
        "vn",
        "vu",
        "wf",
        "ws",
        "xk",
        "ye",
        "yt",
        "za",
        "zm",
        "zw",
    ]
)
_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE)


def valid_hreflang(code: str) -> bool:
    """True for `x-default` and language[-script][-region] with codes that exist (so not en-UK)."""
    if code.lower() == "x-default":
        return True
    match = _TAG.fullmatch(code) if "_" not in code else None
    if match is None or match.group(1).lower() not in LANGUAGES:
        return False
    region = match.group(3)
    return region is None or region.lower() in COUNTRIES or region == "419"


def valid_lang(code: str) -> bool:
    """True for a well-formed BCP 47 tag with a known language."""
    parts = code.strip().lower().split("-")
    known = parts[0] in LANGUAGES or (len(parts[0]) == 3 and parts[0].isalpha())
    if not known or not all(re.fullmatch(r"[a-z0-9]{1,8}", p) for p in parts[1:]):
        return False
    region = next((p for p in parts[1:] if re.fullmatch(r"[a-z]{2}", p)), None)
    return region is None or region in COUNTRIES


def _set(page: Page) -> list[Hreflang]:
    return [h for h in page.hreflangs if h.in_head]


@check(
    id="hl.bad_code",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Invalid hreflang code",
    means="The code is no language, or no language with script and region, that engines know (the UK is GB).",
    fix="Use ISO 639-1 language and ISO 3166-1 region codes, such as en-GB, or x-default.",
)
def bad_code(page: Page, ctx: Context) -> Iterator[Hit]:
    for code in sorted({h.lang for h in _set(page) if not valid_hreflang(h.lang)}):
        yield Hit({"hreflang": code}, value=code)


@check(
    id="hl.relative",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="hreflang address is not absolute",
    means="hreflang needs the full address; relative ones are ignored.",
    fix="Write the full address with https:// and host.",
)
def relative(page: Page, ctx: Context) -> Iterator[Hit]:
    wrong = [{"hreflang": h.lang, "href": h.href} for h in _set(page) if not is_absolute(h.href)]
    if wrong:
        yield Hit({"annotations": wrong[:10]})


@check(
    id="hl.no_self",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="hreflang set lacks the page itself",
    means="Each page must be listed in its own set, or engines may ignore the set.",
    fix="Add an annotation with the page's own language and address.",
)
def no_self(page: Page, ctx: Context) -> Iterator[Hit]:
    found = _set(page)
    if found and page.url not in {h.url for h in found if h.lang.lower() != "x-default"}:
        yield Hit({"annotations": [f"{h.lang} {h.url}" for h in found][:10]})


@check(
    id="hl.no_xdefault",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="hreflang set has no x-default",
    means="Visitors whose language is not listed get no page chosen for them.",
    fix="Add an x-default annotation.",
)
def no_xdefault(page: Page, ctx: Context) -> Iterator[Hit]:
    codes = {h.lang.lower() for h in _set(page)}
    if len(codes) >= 2 and "x-default" not in codes:
        yield Hit({"hreflang": sorted(codes)[:20]})


def _alternates(graph: CrawlGraph) -> Iterator[tuple[Page, Hreflang, Page]]:
    """Page, its annotation, and the crawled target."""
    for page in graph:
        if page.status == 200 and page.hreflangs:
            for alternate in _set(page):
                target = graph.get(alternate.url)
                if target is not None and target is not page:
                    yield page, alternate, target


@check(
    id="hl.no_return",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="hreflang is not returned",
    means="The other language version does not point back, so engines ignore the pair.",
    fix="Let all versions list each other.",
)
def no_return(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    done: set[tuple[str, str]] = set()
    for page, alternate, target in _alternates(graph):
        if target.status != 200 or (page.url, target.url) in done:
            continue
        done.add((page.url, target.url))
        if page.url not in {h.url for h in _set(target)}:
            yield Hit({"hreflang": alternate.lang, "target": target.url}, url=page.url, target=target.url)


@check(
    id="hl.to_3xx",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="hreflang points to a redirect",
    means="The listed language version redirects.",
    fix="List the final address.",
)
def to_redirect(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, alternate, target in _alternates(graph):
        if target.is_redirect:
            evidence = {"hreflang": alternate.lang, "status": target.status, "to": target.final_url}
            yield Hit(evidence, url=page.url, target=target.url, value=target.url)


@check(
    id="hl.to_error",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="hreflang points to a broken page",
    means="The listed language version answers with an error.",
    fix="Remove the annotation, or repair the page.",
)
def to_error(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, alternate, target in _alternates(graph):
        if (target.status is not None and target.status >= 400) or (target.status is None and target.error):
            yield Hit(
                {"hreflang": alternate.lang, "status": target.status},
                url=page.url,
                target=target.url,
                value=target.url,
            )


@check(
    id="hl.to_noncanonical",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="hreflang points to a non-canonical page",
    means="The listed version names another address as canonical.",
    fix="List the canonical address.",
)
def to_noncanonical(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, alternate, target in _alternates(graph):
        if target.status == 200 and target.canonical_elsewhere:
            evidence = {"hreflang": alternate.lang, "canonical": target.canonical}
            yield Hit(evidence, url=page.url, target=target.url, value=target.url)


@check(
    id="hl.to_noindex",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="hreflang points to a noindex page",
    means="The listed version asks not to be indexed.",
    fix="Drop the noindex, or the annotation.",
)
def to_noindex(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, alternate, target in _alternates(graph):
        if target.status == 200 and target.noindex:
            yield Hit({"hreflang": alternate.lang}, url=page.url, target=target.url, value=target.url)


@check(
    id="hl.dup_lang",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="One language, two addresses",
    means="The set names several addresses for the same language.",
    fix="List one address per language.",
)
def duplicate_language(page: Page, ctx: Context) -> Iterator[Hit]:
    targets: dict[str, set[str]] = defaultdict(set)
    for alternate in _set(page):
        targets[alternate.lang.lower()].add(alternate.url)
    for lang, urls in sorted(targets.items()):
        if len(urls) > 1:
            yield Hit({"hreflang": lang, "urls": sorted(urls)[:5]}, value=lang)


@check(
    id="hl.multi_lang_url",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="One address, several languages",
    means="Over the site the address is listed under different languages.",
    fix="List each address under one language (and x-default if wanted).",
)
def multiple_languages(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    languages: dict[str, set[str]] = defaultdict(set)
    for page in graph:
        if page.status == 200:
            for alternate in _set(page):
                if alternate.url and alternate.lang.lower() != "x-default":
                    languages[alternate.url].add(alternate.lang.lower())
    for url, codes in languages.items():
        # One page may serve several regions of a language; two languages are a contradiction.
        if len({code.split("-")[0] for code in codes}) > 1:
            yield Hit({"hreflang": sorted(codes)}, url=url)


@check(
    id="hl.lang_clash",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="hreflang contradicts the html lang attribute",
    means="The page lists itself under another language than its lang attribute gives.",
    fix="Make both say the same language.",
)
def language_clash(page: Page, ctx: Context) -> Iterator[Hit]:
    own = {h.lang.lower() for h in _set(page) if h.url == page.url and h.lang.lower() != "x-default"}
    if not own or not page.lang:
        return
    language, _, region = page.lang.partition("-")
    regions = {code.partition("-")[2] for code in own if code.split("-")[0] == language}
    # A tag without region fits every region of its language.
    if not regions or (region and "" not in regions and region not in regions):
        yield Hit({"lang": page.lang, "hreflang": sorted(own)})


@check(
    id="hl.sitemap_clash",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="hreflang of page and sitemap differ",
    means="The sitemap and the page list different language versions.",
    fix="Keep hreflang in one place, or generate both from one source.",
)
def sitemap_clash(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for sitemap in ctx.site.sitemaps:
        for entry in sitemap.entries:
            page = graph.get(entry.url)
            if page is None or not entry.alternates or not page.hreflangs:
                continue
            listed = {(lang.lower(), url.rstrip("/")) for lang, url in entry.alternates}
            own = {(h.lang.lower(), h.url.rstrip("/")) for h in _set(page)}
            if listed != own:
                evidence = {
                    "only_sitemap": sorted(map(list, listed - own))[:5],
                    "only_page": sorted(map(list, own - listed))[:5],
                }
                yield Hit(evidence, url=page.url, value=sitemap.url)


@check(
    id="lang.missing",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="No lang attribute",
    means="The html element does not say the language of the page.",
    fix='Add lang, such as <html lang="en">.',
)
def lang_missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if not (document(page).html_lang or "").strip():
        yield Hit({"lang": document(page).html_lang})


@check(
    id="lang.invalid",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Invalid lang attribute",
    means="The lang attribute is no valid language tag.",
    fix="Use a BCP 47 tag such as en or pt-BR.",
)
def lang_invalid(page: Page, ctx: Context) -> Iterator[Hit]:
    lang = (document(page).html_lang or "").strip()
    if lang and not valid_lang(lang):
        yield Hit({"lang": lang}, value=lang)


_RELATED = (
    {"no", "nb", "nn", "da"},
    {"id", "ms", "jv"},
    {"cs", "sk"},
    {"es", "gl", "ca"},
    {"pt", "gl"},
    {"hr", "sr", "bs"},
)


@check(
    id="lang.content_clash",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Text is in another language than declared",
    means="The text was recognised as another language than the lang attribute names.",
    fix="Correct the lang attribute.",
    thresholds={"min_confidence": 0.9},
)
def content_clash(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    declared = page.lang.split("-")[0]
    found = doc.detected_lang
    if (
        not declared
        or found is None
        or doc.detected_confidence < ctx.t["min_confidence"]
        or found == declared
    ):
        return
    if any({declared, found} <= group for group in _RELATED):
        return
    yield Hit(
        {"lang": page.lang, "detected": found, "confidence": round(doc.detected_confidence, 2)}, value=found
    )
