"""The contract of a check, and the runner.

A check is a small generator registered by `@check`. Its first argument depends on `on`:

* `page`: `(page, ctx)`, called for each page while the crawl streams, before the page is slimmed;
* `graph`: `(graph, ctx)`, called once after `CrawlGraph.finish`;
* `site`: `(site, ctx)`, called once, with robots.txt, sitemaps, TLS and probe facts.

It yields `Hit`s; the runner turns them into `Finding`s with the check's id and severity. `ctx.t` holds the
thresholds of the check: its defaults, overridden by the project's settings. A check with `absence=True`
reports that something is missing from the crawl; when the crawl was cut short its findings are marked as
not proven.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Document, Finding, Page, Severity, Site

Scope = Literal["page", "link", "resource", "site"]
Phase = Literal["h", "g", "x", "j", "k"]
Stage = Literal["page", "graph", "site"]
Audience = Literal["any", "ok_html", "indexable"]
Threshold = float | int | str | tuple[str, ...]

CATEGORIES: Mapping[str, str] = {
    "http": "Crawl and HTTP",
    "redirects": "Redirects",
    "robots": "robots.txt",
    "sitemaps": "Sitemaps",
    "indexability": "Indexability",
    "canonicals": "Canonicals",
    "hreflang": "hreflang and language",
    "titles": "Titles",
    "descriptions": "Descriptions",
    "headings": "Headings",
    "content": "Content",
    "links": "Links",
    "pagination": "Pagination",
    "images": "Images and media",
    "structured_data": "Structured data",
    "social": "Social",
    "performance": "Performance",
    "security": "Security",
    "mobile": "Mobile",
    "url_hygiene": "URL hygiene",
    "html_validity": "HTML validity",
    "accessibility": "Accessibility",
    "ai": "AI and agents",
    "change": "Change since the last audit",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check function yields. `severity` overrides the check's own; see `Finding` for the other
    fields.
    """

    evidence: Mapping[str, Any]
    url: str | None = None
    target: str | None = None
    value: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A registered check. `audience` narrows page checks: any page, any 2xx HTML page, indexable pages
    only.
    """

    id: str
    severity: Severity
    category: str
    scope: Scope
    phase: Phase
    on: Stage
    title: str
    means: str
    fix: str
    run: Callable[..., Iterator[Hit]]
    audience: Audience = "any"
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    absence: bool = False
    scored: bool = True


@dataclass(slots=True)
class CheckSettings:
    """Per-project settings: thresholds by check id, checks switched off, and the time of the audit (UTC)."""

    thresholds: Mapping[str, Mapping[str, Threshold]] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    now: dt.datetime = field(default_factory=lambda: dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


@dataclass(slots=True)
class Context:
    """What a check may look at besides its first argument."""

    t: Mapping[str, Any]
    site: Site
    now: dt.datetime
    graph: CrawlGraph | None = None
    regressed: frozenset[tuple[str, str]] = frozenset()

    @property
    def crawl(self) -> CrawlGraph:
        """The link graph; only graph and site checks have one."""
        if self.graph is None:
            raise LookupError("page checks run before the link graph is complete")
        return self.graph


ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE

_REGISTRY: dict[str, CheckSpec] = {}
_ORDERED: dict[str, CheckSpec] = {}


def check(
    *,
    id: str,
    severity: Severity,
    category: str,
    scope: Scope = "page",
    phase: Phase = "h",
    on: Stage | None = None,
    title: str,
    means: str,
    fix: str,
    audience: Audience = "any",
    thresholds: Mapping[str, Threshold] | None = None,
    absence: bool = False,
    scored: bool = True,
) -> Callable[[Callable[..., Iterator[Hit]]], Callable[..., Iterator[Hit]]]:
    """Register a check function. `on` follows from the phase unless given: h page, g graph, x site."""
    if category not in CATEGORIES:
        raise ValueError(f"unknown category {category!r} of check {id}")
    stage: Stage = on or ("graph" if phase == "g" else "site" if phase == "x" else "page")

    def register(function: Callable[..., Iterator[Hit]]) -> Callable[..., Iterator[Hit]]:
        if id in _REGISTRY and _REGISTRY[id].run is not function:
            raise ValueError(f"check {id} is registered twice")
        _REGISTRY[id] = CheckSpec(
            id,
            severity,
            category,
            scope,
            phase,
            stage,
            title,
            means,
            fix,
            function,
            audience,
            dict(thresholds or {}),
            absence,
            scored,
        )
        return function

    return register


def all_checks() -> Mapping[str, CheckSpec]:
    """Every check by id, in order of category and definition; imports the modules of this package once."""
    _load_modules()
    if len(_ORDERED) != len(_REGISTRY):
        order = {name: n for n, name in enumerate(CATEGORIES)}
        _ORDERED.clear()
        _ORDERED.update(sorted(_REGISTRY.items(), key=lambda item: order[item[1].category]))
    return MappingProxyType(_ORDERED)


@cache
def _load_modules() -> None:
    package = importlib.import_module("seo_intelligence.logic.checks")
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")


def document(page: Page) -> Document:
    """The element lists of a page in a page check (an empty document for pages that have none)."""
    return page.doc if page.doc is not None else Document()


class CheckRunner:
    """Runs the checks of one audit: `page` for each page as it arrives, `finish` after the crawl."""

    def __init__(self, site: Site, settings: CheckSettings) -> None:
        self.site = site
        self.settings = settings
        self.specs = [spec for spec in all_checks().values() if spec.id not in settings.disabled]
        self._regressed: set[tuple[str, str]] = set()
        self._pages = [(s, self._context(s, None)) for s in self.specs if s.on == "page"]

    def _context(self, spec: CheckSpec, graph: CrawlGraph | None) -> Context:
        own = self.settings.thresholds.get(spec.id, {})
        unknown = set(own) - set(spec.thresholds)
        if unknown:
            raise ValueError(f"check {spec.id} has no threshold {', '.join(sorted(unknown))}")
        return Context(
            {**spec.thresholds, **own}, self.site, self.settings.now, graph, frozenset(self._regressed)
        )

    def page(self, page: Page) -> Iterator[Finding]:
        """Findings of the page checks; the page must still have its element lists."""
        ok_html = page.status == 200 and page.is_html and not page.is_challenge
        indexable = ok_html and page.indexable
        for spec, ctx in self._pages:
            if (spec.audience == "ok_html" and not ok_html) or (
                spec.audience == "indexable" and not indexable
            ):
                continue
            for hit in spec.run(page, ctx):
                yield self._finding(spec, hit, hit.url or page.url, truncated=False)

    def finish(self, graph: CrawlGraph) -> Iterator[Finding]:
        """Findings of the graph and site checks; call `graph.finish()` before."""
        truncated = bool(graph.truncated)
        for spec in self.specs:
            if spec.on == "page":
                continue
            subject = graph if spec.on == "graph" else self.site
            for hit in spec.run(subject, self._context(spec, graph)):
                yield self._finding(spec, hit, hit.url, truncated=truncated)

    def _finding(self, spec: CheckSpec, hit: Hit, url: str | None, *, truncated: bool) -> Finding:
        if url is not None and (spec.id, url) in self.site.fixed_before:
            self._regressed.add((spec.id, url))
        return Finding(
            spec.id,
            url,
            hit.severity or spec.severity,
            hit.evidence,
            hit.value,
            hit.target,
            proven=not (spec.absence and truncated),
        )


def run_checks(graph: CrawlGraph, site: Site, settings: CheckSettings) -> list[Finding]:
    """All checks over a crawl held in memory with full pages (`CrawlGraph.add(..., keep_full=True)`)."""
    runner = CheckRunner(site, settings)
    findings = [finding for page in graph for finding in runner.page(page)]
    findings.extend(runner.finish(graph))
    return findings


def count_by_check(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings per check id."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.check_id] = counts.get(finding.check_id, 0) + 1
    return counts
