"""What a text or number column means: judged on its header and on the values of the sample."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Sequence

from data_ingestion.contracts import SemanticType
from data_ingestion.logic.types.countries import COUNTRY_CODES, COUNTRY_NAMES

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z][A-Za-z0-9-]{1,}")
_URL = re.compile(r"(?:https?://|ftp://|www\.)[^\s/]+\.[^\s]+", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|00)?\(?\d[\d ()./\-]{5,20}\d(?:\s*(?:x|ext\.?)\s*\d{1,6})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_CODE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9_\-./]{2,63}")
_POSTCODES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\d{5}(?:-\d{4})?",
        r"\d{4}(?: ?[A-Z]{2})?",
        r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
        r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
        r"\d{3}[ -]?\d{2,4}",
        r"\d{2}-\d{3}",
        r"[A-Z]{1,2}-\d{4,5}",
        r"\d{6}",
    )
)
_DURATION_WORDS = re.compile(
    r"(?:\d+(?:\.\d+)?\s*(?:d|days?|h|hrs?|hours?|m|min|mins|minutes?|s|sec|secs|seconds?)\b[ ,]*)+", re.I
)
_DURATION_CLOCK = re.compile(r"\d{1,4}:[0-5]\d:[0-5]\d(?:\.\d+)?")
_DURATION_ISO = re.compile(r"P(?=[\dT])(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_PII_PHRASES = (
    ("first", "name"),
    ("last", "name"),
    ("full", "name"),
    ("user", "name"),
    ("respondent", "name"),
    ("customer", "name"),
    ("given", "name"),
    ("middle", "name"),
    ("contact", "name"),
    ("date", "of", "birth"),
    ("birth", "date"),
    ("street", "address"),
    ("home", "address"),
    ("mailing", "address"),
    ("postal", "address"),
    ("e", "mail"),
    ("passport",),
    ("ssn",),
    ("iban",),
    ("dob",),
    ("birthday",),
    ("birthdate",),
    ("surname",),
    ("firstname",),
    ("lastname",),
    ("fullname",),
    ("username",),
    ("forename",),
    ("email",),
    ("phone",),
    ("telephone",),
    ("mobile",),
    ("cellphone",),
    ("address",),
    ("street",),
    ("vorname",),
    ("nachname",),
    ("straße",),
    ("adresse",),
    ("telefon",),
    ("prenom",),
    ("prénom",),
    ("nombre",),
    ("apellido",),
    ("apellidos",),
    ("ip",),
    ("national", "id"),
    ("tax", "id"),
    ("social", "security"),
    ("credit", "card"),
    ("license", "plate"),
    ("geburtsdatum",),
    ("signature",),
    ("handle",),
)
_NOT_PII = frozenset(
    {
        "file",
        "product",
        "brand",
        "company",
        "event",
        "column",
        "item",
        "campaign",
        "survey",
        "country",
        "city",
    }
)
_SHARE = 0.95


def header_words(name: str) -> tuple[str, ...]:
    """The words of a header in lower case: ``"firstName"`` and ``"First name"`` give the same."""
    return tuple(word.casefold() for word in _WORDS.findall(name.replace("_", " ")))


def header_suggests_pii(name: str) -> bool:
    """Whether the header by itself announces personal data."""
    words = header_words(name)
    if words == ("name",) or words == ("names",):
        return True
    if _NOT_PII & set(words):
        return False
    return any(
        words[i : i + len(phrase)] == phrase
        for phrase in _PII_PHRASES
        for i in range(len(words) - len(phrase) + 1)
    )


def _most(values: Sequence[str], test: Callable[[str], object]) -> bool:
    matched = sum(1 for value in values if test(value))
    return matched >= _SHARE * len(values)


def text_meaning(name: str, values: Sequence[str]) -> SemanticType | None:
    """The special meaning of a text column, or None (category, free text or identifier is decided on all rows).

    ``values`` are trimmed, non-missing sample texts.
    """
    if not values:
        return None
    words = set(header_words(name))
    if _most(values, _EMAIL.fullmatch):
        return SemanticType.EMAIL
    if _most(values, _URL.fullmatch):
        return SemanticType.URL
    if _most(values, _is_ip):
        return SemanticType.IP_ADDRESS
    if _most(values, _UUID.fullmatch):
        return SemanticType.IDENTIFIER
    if _looks_like_phone(words, values):
        return SemanticType.PHONE
    if _looks_like_postcode(words, values):
        return SemanticType.POSTCODE
    if _looks_like_country(words, values):
        return SemanticType.COUNTRY
    if _most(
        values,
        lambda v: _DURATION_CLOCK.fullmatch(v) or _DURATION_ISO.fullmatch(v) or _DURATION_WORDS.fullmatch(v),
    ):
        return SemanticType.DURATION
    return None


def number_meaning(name: str, values: Sequence[float], *, integer: bool) -> SemanticType:
    """The meaning of a column of bare numbers."""
    words = header_words(name)
    if not integer or all(abs(value) <= 180 for value in values):
        if ({"lat", "latitude"} & set(words)) and all(-90 <= value <= 90 for value in values):
            return SemanticType.LATITUDE
        if ({"lon", "lng", "long", "longitude"} & set(words)) and all(
            -180 <= value <= 180 for value in values
        ):
            return SemanticType.LONGITUDE
    if integer and len(values) > 3 and len(set(values)) == len(values) and _names_an_id(words):
        return SemanticType.IDENTIFIER
    if integer and ({"zip", "zipcode", "postcode", "plz", "postal"} & set(words)):
        return SemanticType.POSTCODE
    return SemanticType.INTEGER if integer else SemanticType.NUMBER


def _names_an_id(words: tuple[str, ...]) -> bool:
    return bool(
        {"id", "key", "uuid", "guid", "code", "number", "no", "nr", "index", "row", "respid", "caseid"}
        & set(words)
    )


def is_identifier(name: str, values: Sequence[str]) -> bool:
    """Whether unique texts look like keys: codes with digits, or an id-like header."""
    if len(values) < 3 or len(set(values)) < len(values):
        return False
    if any(" " in value or len(value) > 64 for value in values):
        return False
    return _most(values, _CODE.fullmatch) or _names_an_id(header_words(name))


def find_multi_select(values: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """(separator, options) when the cells are lists drawn from a small set of options, else None.

    A list column repeats its options across cells; prose with commas does not.
    """
    if len(values) < 5:
        return None
    for separator in (";", "|", ",", "/"):
        listed = [value for value in values if separator in value]
        if len(listed) < 0.2 * len(values) or len(listed) < 3:
            continue
        items: Counter[str] = Counter()
        for value in values:
            items.update({part.strip() for part in value.split(separator) if part.strip()})
        total = sum(items.values())
        longest = max((len(item) for item in items), default=0)
        if not items or longest > 80 or len(items) > 60 or len(items) > 0.34 * total:
            continue
        if separator in ",/" and (
            len(items) > 25 or sum(1 for n in items.values() if n == 1) > 0.2 * len(items)
        ):
            continue
        sets = {frozenset(part.strip() for part in value.split(separator)) for value in listed}
        if len(sets) < 2:
            continue  # always the same list: a label that holds the separator
        return separator, tuple(item for item, _ in items.most_common())
    return None


def _is_ip(value: str) -> bool:
    if value.count(".") != 3 and ":" not in value:
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _looks_like_phone(words: set[str], values: Sequence[str]) -> bool:
    named = bool(
        {"phone", "tel", "telephone", "mobile", "cell", "fax", "telefon", "handy", "téléphone"} & words
    )
    if not _most(values, lambda v: _PHONE.fullmatch(v) and 7 <= sum(1 for c in v if c.isdigit()) <= 15):
        return False
    marked = _most(
        values, lambda v: v.startswith(("+", "00", "(")) or sum(1 for c in v if not c.isdigit()) >= 2
    )
    dates = _most(values, lambda v: re.fullmatch(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*", v))
    return named or (marked and not dates and _most(values, lambda v: "." not in v or v.count(".") > 1))


def _looks_like_postcode(words: set[str], values: Sequence[str]) -> bool:
    if not ({"zip", "zipcode", "postcode", "postal", "plz", "postleitzahl", "cp", "cap", "pincode"} & words):
        return bool(_most(values, _POSTCODES[2].fullmatch)) and len(values) > 2
    return _most(values, lambda v: any(pattern.fullmatch(v.upper()) for pattern in _POSTCODES))


def _looks_like_country(words: set[str], values: Sequence[str]) -> bool:
    if _most(values, lambda v: v.casefold() in COUNTRY_NAMES):
        return True
    named = bool({"country", "nation", "land", "pays", "país", "nationality", "iso", "iso2", "iso3"} & words)
    return named and _most(values, lambda v: v in COUNTRY_CODES or v.casefold() in COUNTRY_NAMES)
