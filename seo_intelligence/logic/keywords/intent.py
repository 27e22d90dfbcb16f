"""What the searcher behind a query wants: information, a certain site, a purchase decision, or to act.

A rule-based classifier. Broder (2002) divides queries into informational, navigational and transactional;
Jansen, Booth and Spink (2008) gave the surface characteristics of each, and Alexander, Kusa and de Vries
(ORCAS-I, SIGIR 2022) showed that such rules, with the URL that was clicked, match trained models and split
informational queries further into factual, instrumental and other. Search marketing adds a fourth intent,
commercial investigation: comparing before a purchase. `Intent.broder` folds it back into the three classes of
the literature.

The rules, strongest first: a question is informational; an address, a login or the name of a site is
navigational, above all when the landing page belongs to that site; a word of acting (download, buy, watch
...) is transactional unless it stands in a phrase that means something else (*gluten free*); comparing is
commercial; the rest asks to know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

from seo_intelligence.logic.keywords import gazetteer as words


class Intent(StrEnum):
    """Search intent."""

    INFORMATIONAL = "informational"
    NAVIGATIONAL = "navigational"
    COMMERCIAL = "commercial"
    TRANSACTIONAL = "transactional"

    @property
    def broder(self) -> Intent:
        """The intent in Broder's three classes: commercial investigation is a search for information."""
        return Intent.INFORMATIONAL if self is Intent.COMMERCIAL else self


class InformationalKind(StrEnum):
    """What kind of information is sought; `abstain` when neither a fact nor a procedure (ORCAS-I)."""

    FACTUAL = "factual"
    INSTRUMENTAL = "instrumental"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class IntentResult:
    """A classified query. `kind` is set for informational and commercial queries only.

    `confidence` (0 to 1) orders results by strength of the evidence, it is not a calibrated probability.
    `signals` name the rules that decided, for display.
    """

    intent: Intent
    kind: InformationalKind | None
    confidence: float
    signals: tuple[str, ...]

    @property
    def taxonomy_label(self) -> str:
        """Label in the classes of ORCAS-I: navigational, transactional, factual, instrumental, abstain."""
        if self.intent.broder is not Intent.INFORMATIONAL:
            return self.intent.value
        return (self.kind or InformationalKind.ABSTAIN).value


_TOKEN = re.compile(r"[^\W_]+(?:[&.'’+#-][^\W_]+)*|[^\W_]+", re.UNICODE)
_ADDRESS = re.compile(
    r"(?:^|\s)(?:https?:?/*|www\b)|"
    r"[a-z0-9-]{2,}\.(?:com|org|net|edu|gov|info|biz|us|uk|ca|au|de|fr|in|io|co|tv|mil)(?:$|[\s/])",
    re.I,
)
_SUFFIX_WORD = re.compile(r"\b(?:dot com|com|org|gov)$")
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov", "edu", "ne", "or", "go"})
_HOME_PATH = re.compile(
    r"^/?(?:index|default|home|main|welcome)?(?:\.\w{2,5})?/?$|^/(?:[a-z]{2}|[a-z]{2}[-_][a-z]{2})/?$", re.I
)
_STOP = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "s", "the", "to", "with"]
)
_GENERIC_HOST = re.compile(r"^(?:www\d?|m|en|web|mobile)$")
_DIGIT = re.compile(r"\d")
_MAX_QUERY = 500


@dataclass(frozen=True, slots=True)
class _Query:
    text: str
    tokens: tuple[str, ...]
    padded: str

    def has(self, phrase: str) -> bool:
        return f" {phrase} " in self.padded


@dataclass(frozen=True, slots=True)
class _Landing:
    brand: str
    labels: tuple[str, ...]
    home: bool
    path: str
    host: str

    @property
    def reference(self) -> bool:
        return self.brand in words.REFERENCE_HOSTS


def _parse(query: str) -> _Query:
    text = unicodedata.normalize("NFKC", query[:_MAX_QUERY]).lower().replace("’", "'").strip()
    tokens = tuple(t.replace("'", "") for t in _TOKEN.findall(text))
    return _Query(text, tokens, " " + " ".join(tokens) + " ")


def _landing(url: str | None) -> _Landing | None:
    if not url:
        return None
    try:
        parts = urlsplit(url if "//" in url else "//" + url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    labels = [label for label in host.split(".") if label]
    if len(labels) < 2:
        return None
    cut = -2 if len(labels) >= 3 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else -1
    names = [label for label in labels[:cut] if not _GENERIC_HOST.match(label)]
    if not names:
        return None
    home = bool(_HOME_PATH.match(parts.path)) and not parts.query
    return _Landing(names[-1], tuple(names), home, parts.path.lower(), host)


def _edits(left: str, right: str, limit: int) -> int:
    """Levenshtein distance, or `limit` + 1 when it is larger."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        following = [i]
        for j, b in enumerate(right, 1):
            following.append(min(row[j] + 1, following[-1] + 1, row[j - 1] + (a != b)))
        row = following
        if min(row) > limit:
            return limit + 1
    return row[-1]


def _same_name(typed: str, label: str) -> bool:
    if typed == label:
        return True
    limit = 2 if len(label) >= 9 else 1 if len(label) >= 6 else 0
    return bool(limit) and typed[:1] == label[:1] and _edits(typed, label, limit) <= limit


@dataclass(frozen=True, slots=True)
class _NameMatch:
    """How well the query names the site: `full` for its whole name; `rest` counts the words besides."""

    full: bool
    rest: int
    generic: bool


def _match_label(tokens: tuple[str, ...], label: str) -> _NameMatch | None:
    """Find the name of a site in the words of a query: as written, joined, as initials, or most of it."""
    bare = label.replace("-", "")
    cleaned = tuple(t.replace("-", "").replace("&", "").replace(".", "") for t in tokens)
    content = [t for t in cleaned if t not in _STOP]
    for size in range(min(5, len(cleaned)), 0, -1):
        for start in range(len(cleaned) - size + 1):
            span = cleaned[start : start + size]
            joined = "".join(span)
            without_stop = "".join(t for t in span if t not in _STOP)
            if len(joined) >= 2 and (_same_name(joined, bare) or (len(span) > 1 and without_stop == bare)):
                rest = len([t for t in cleaned[:start] + cleaned[start + size :] if t not in _STOP])
                return _NameMatch(True, rest, size == 1 and bare in words.GENERIC_LABELS)
    if 2 <= len(bare) <= 6:
        for chosen in (cleaned, tuple(content)):
            for start in range(len(chosen) - len(bare) + 1):
                span = chosen[start : start + len(bare)]
                if len(bare) >= 3 and "".join(t[:1] for t in span) == bare:
                    rest = len(content) - sum(1 for t in span if t not in _STOP)
                    return _NameMatch(True, rest, False)
    matched = [t for t in dict.fromkeys(content) if len(t) >= 3 and t in bare]
    covered = sum(map(len, matched))
    specific = [t for t in matched if t not in words.GENERIC_LABELS]
    if specific and covered / len(bare) >= 0.7:
        return _NameMatch(False, len(content) - len(matched), False)
    if matched and covered / len(bare) >= 0.85 and len(matched) >= 2:
        return _NameMatch(False, len(content) - len(matched), True)
    return None


def _name_of_site(query: _Query, landing: _Landing) -> _NameMatch | None:
    best: _NameMatch | None = None
    # On a host of many sites (a wiki farm, a mail service) only the host's own name counts.
    for label in landing.labels[-1:] if landing.reference else reversed(landing.labels):
        match = _match_label(query.tokens, label)
        if match and (best is None or (match.full, -match.rest) > (best.full, -best.rest)):
            best = match
    return best


def _known_site(query: _Query, brands: frozenset[str]) -> tuple[str, int] | None:
    """The longest known site name in the query, with the number of other content words."""
    content = sum(1 for t in query.tokens if t not in _STOP)
    best: tuple[str, int] | None = None
    tokens = query.tokens
    for size in range(min(4, len(tokens)), 0, -1):
        for start in range(len(tokens) - size + 1):
            name = " ".join(tokens[start : start + size])
            if name in words.SITES or name in brands:
                inside = sum(1 for t in tokens[start : start + size] if t not in _STOP)
                best = (name, content - inside)
                return best
    return best


def _acting(query: _Query) -> str | None:
    """The word or phrase of acting in the query, if it is meant as one."""
    padded = query.padded
    for phrase in words.ACTION_PHRASES:
        if query.has(phrase):
            return phrase
    for phrase in words.NOT_ACTION:
        if f" {phrase} " in padded:
            padded = padded.replace(f" {phrase} ", " ")
    left = padded.split()
    if left and left[0] in words.ACTION_START and left[0] == query.tokens[0]:
        return left[0]
    return next((token for token in left if token in words.ACTION), None)


def _informational_kind(query: _Query, landing: _Landing | None) -> tuple[InformationalKind, str]:
    tokens = query.tokens
    for phrase in words.INSTRUMENTAL_PHRASES:
        if query.has(phrase):
            return InformationalKind.INSTRUMENTAL, phrase
    if tokens and tokens[0] in words.QUESTION_START:
        return InformationalKind.FACTUAL, tokens[0]
    if landing and landing.brand in {"wikihow", "instructables", "ehow", "allrecipes"}:
        return InformationalKind.INSTRUMENTAL, landing.brand
    fact = next((t for t in tokens if t in words.FACTUAL), None)
    if (
        tokens
        and tokens[0] in words.IMPERATIVES
        and len(tokens) > 1
        and fact not in {"definition", "meaning"}
    ):
        return InformationalKind.INSTRUMENTAL, tokens[0]
    if fact:
        return InformationalKind.FACTUAL, fact
    if any(
        t in words.QUESTION_START for t in tokens[1:] if t in {"who", "what", "when", "where", "why", "how"}
    ):
        return InformationalKind.FACTUAL, "question word"
    if _DIGIT.search(query.text):
        return InformationalKind.FACTUAL, "number"
    if landing and (
        landing.brand in {"accuweather", "goodreads", "weather", "wunderground", "biography"}
        or (landing.brand == "imdb" and "/title" in landing.path)
        or (landing.brand == "imdb" and "/name" in landing.path)
    ):
        return InformationalKind.FACTUAL, landing.brand
    if landing and landing.brand == "wikipedia" and _is_article_about(query, landing):
        return InformationalKind.FACTUAL, "encyclopedia entry"
    return InformationalKind.ABSTAIN, ""


def _is_article_about(query: _Query, landing: _Landing) -> bool:
    """True when the encyclopedia article is the very thing named, as for persons, places and works."""
    title = landing.path.rsplit("/", 1)[-1].split("(")[0]
    named = [t for t in re.split(r"[^a-z0-9]+", title) if t and t not in _STOP]
    return len(named) >= 2 and set(named) <= set(query.tokens)


def _navigational(
    query: _Query, landing: _Landing | None, brands: frozenset[str]
) -> tuple[float, str] | None:
    """Evidence that a certain site is wanted: (confidence, signal)."""
    if _ADDRESS.search(query.text) or (_SUFFIX_WORD.search(query.text) and len(query.tokens) <= 4):
        return 0.97, "address in the query"
    for phrase in words.LOGIN:
        if query.has(phrase):
            return 0.93, f"'{phrase}'"
    asks_fact = any(t in words.FACTUAL for t in query.tokens)
    acts = _acting(query)
    known = _known_site(query, brands)
    if len(query.tokens) >= 3 and query.tokens[0] == "my" and query.tokens[-1] == "account":
        return 0.85, "'my account'"
    if landing is not None:
        return _navigational_by_landing(query, landing, known, asks_fact=asks_fact, acts=acts is not None)
    if known and (known[1] == 0 or (not asks_fact and acts is None and known[1] <= 2)):
        return (0.9 if known[1] == 0 else 0.7), f"names the site '{known[0]}'"
    return _organisation(query) if acts is None and not asks_fact else None


def _organisation(query: _Query) -> tuple[float, str] | None:
    """Evidence that the query is the name of a school, bank, office or newspaper."""
    if not 2 <= len(query.tokens) <= 5:
        return None
    for phrase in words.ORGANISATION_END:
        if query.padded.endswith(f" {phrase} "):
            return 0.6, f"names an organisation ('{phrase}')"
    if len(query.tokens) <= 4:
        for phrase in words.ORGANISATION_START:
            if query.padded.startswith(f" {phrase} "):
                return 0.55, f"names an organisation ('{phrase}')"
    return None


def _navigational_by_landing(
    query: _Query, landing: _Landing, known: tuple[str, int] | None, *, asks_fact: bool, acts: bool
) -> tuple[float, str] | None:
    match = _name_of_site(query, landing)
    content = sum(1 for t in query.tokens if t not in _STOP)
    if match is None:
        if known and known[1] == 0 and not landing.reference:
            return 0.6, f"names the site '{known[0]}'"
        if landing.home and not (asks_fact or acts or landing.reference or _commercial(query)):
            if content <= 3:
                return 0.65, "short query that landed on a home page"
            return _organisation(query)
        return None
    if match.full and ((match.rest == 0 and not match.generic) or (known and known[1] == 0)):
        return 0.97, "the query is the name of the landing site"
    if asks_fact or acts:
        return None
    if landing.reference and not match.full:
        return None
    if match.generic:
        return (0.7, "generic site name and home page") if landing.home and match.rest <= 1 else None
    if landing.home:
        return 0.93, "names the landing site, on its home page"
    if match.full and match.rest <= (2 if landing.reference else 4):
        return 0.8, "names the landing site"
    if not match.full and match.rest <= 2:
        return 0.65, "names most of the landing site"
    return None


def _commercial(query: _Query) -> str | None:
    if any(query.has(phrase) for phrase in words.NOT_COMMERCIAL):
        return None
    tokens = query.tokens
    product = any(t in words.PRODUCTS for t in tokens)
    if any(t in {"review", "reviews"} for t in tokens):
        return "review"
    if product and tokens[0] in words.COMMERCIAL_START:
        return tokens[0]
    if product and ("vs" in tokens or "versus" in tokens):
        return "vs"
    if product and (found := next((t for t in tokens if t in words.COMMERCIAL), None)):
        return found
    return None


@lru_cache(maxsize=4096)
def _classify(text: str, landing_url: str | None, brands: frozenset[str]) -> IntentResult:
    query = _parse(text)
    if not query.tokens:
        return IntentResult(Intent.INFORMATIONAL, InformationalKind.ABSTAIN, 0.0, ("empty query",))
    landing = _landing(landing_url)
    question = query.tokens[0] in words.QUESTION_START and len(query.tokens) > 1
    address = bool(_ADDRESS.search(query.text))
    if not question or (address and len(query.tokens) <= 2):
        if nav := _navigational(query, landing, brands):
            return IntentResult(Intent.NAVIGATIONAL, None, nav[0], (nav[1],))
        if (acts := _acting(query)) and not any(query.has(p) for p in words.INSTRUMENTAL_PHRASES):
            return IntentResult(Intent.TRANSACTIONAL, None, 0.85, (f"'{acts}'",))
    kind, why = _informational_kind(query, landing)
    if not question and (signal := _commercial(query)):
        return IntentResult(Intent.COMMERCIAL, kind, 0.8, (f"'{signal}'",))
    signals = ("question",) if question else ()
    confidence = 0.95 if question else 0.8 if why else 0.6
    return IntentResult(Intent.INFORMATIONAL, kind, confidence, (*signals, *([f"'{why}'"] if why else [])))


def classify_intent(
    query: str, landing_url: str | None = None, *, brands: Iterable[str] = ()
) -> IntentResult:
    """Classify `query`, with the URL it leads to when known (the ranking, clicked or targeted page).

    `brands` are further names to read as sites, such as the project's own and its competitors' brands.
    """
    names = frozenset(" ".join(_parse(b).tokens) for b in brands)
    return _classify(query, landing_url or None, names - {""})
