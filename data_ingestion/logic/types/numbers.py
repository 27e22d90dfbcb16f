"""Numbers as people write them: grouped, European, with currency, percent or a unit word.

Every pattern is valid both for Python's ``re`` and for RE2, because the sample is judged in Python and all rows in
DuckDB with the same text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

INTEGER_PATTERN = r"[+-]?(?:0|[1-9][0-9]{0,17})"
PLAIN_PATTERN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
#: 1,234,567.89; the first alternative needs at least one group so that plain numbers stay plain.
COMMA_GROUPED_PATTERN = r"[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]+)?"
DOT_GROUPED_PATTERN = r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?"
SPACE_GROUPED_PATTERN = r"[0-9]{1,3}(?:[ \x{00A0}\x{202F}\x{2009}'’][0-9]{3})+(?:[.,][0-9]+)?"
DECIMAL_COMMA_PATTERN = r"[0-9]+,[0-9]+"

_INTEGER = re.compile(INTEGER_PATTERN)
_PLAIN = re.compile(PLAIN_PATTERN)

CURRENCY_SIGNS: dict[str, str] = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "₫": "VND",
    "₦": "NGN",
    "R$": "BRL",
    "A$": "AUD",
    "C$": "CAD",
    "kr": "SEK",
    "zł": "PLN",
    "Kč": "CZK",
    "Fr.": "CHF",
}
CURRENCY_CODES: frozenset[str] = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "INR",
        "RUB",
        "KRW",
        "TRY",
        "UAH",
        "ILS",
        "VND",
        "NGN",
        "BRL",
        "AUD",
        "CAD",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "CHF",
        "CNY",
        "HKD",
        "SGD",
        "NZD",
        "ZAR",
        "MXN",
        "HUF",
        "RON",
        "BGN",
        "THB",
        "IDR",
        "MYR",
        "PHP",
        "AED",
        "SAR",
        "EGP",
        "ARS",
        "CLP",
        "COP",
        "PEN",
        "KES",
    ]
)


class DecimalStyle(StrEnum):
    """Which character groups digits and which one is the decimal mark."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the numbers of one column are written.

    ``prefixes`` and ``suffixes`` are the texts around the digits that were seen (without surrounding blanks).
    """

    integer: bool
    style: DecimalStyle
    grouped: bool
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    accounting: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether DuckDB's own cast reads the text without cleaning."""
        return (
            not self.grouped
            and self.style is DecimalStyle.POINT
            and not (self.prefixes or self.suffixes or self.accounting)
        )

    @property
    def currency(self) -> str | None:
        """ISO 4217 code where the affixes name one currency."""
        codes = {
            CURRENCY_SIGNS.get(affix) or (affix.upper() if affix.upper() in CURRENCY_CODES else None)
            for affix in (*self.prefixes, *self.suffixes)
        }
        codes.discard(None)
        return next(iter(codes)) if len(codes) == 1 else None

    @property
    def is_percentage(self) -> bool:
        """Whether every affix is a percent sign."""
        return bool(self.suffixes) and set(self.suffixes) <= {"%"} and not self.prefixes

    @property
    def unit(self) -> str | None:
        """Currency code, ``%`` or the unit word; None for bare numbers."""
        if self.currency:
            return self.currency
        words = [*self.suffixes, *self.prefixes]
        return max(words, key=len) if words else None


_AFFIXED = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+\-−]?)\s*(?P<prefix>[^\d\s+\-−().,;:/\\'\"#=_]{1,4})?\s*(?P<sign2>[+\-−]?)\s*"
    r"(?P<number>\d[\d.,'’ \u00a0\u202f\u2009]*(?<![.,'’ \u00a0\u202f\u2009])|\.\d+)(?P<exp>[eE][+-]?\d{1,3})?"
    r"\s*(?P<suffix>[^\d\s+\-−().,;:/\\'\"#=_]{1,12}\.?)?\s*(?P<close>\))?"
)
_GROUP_COMMA = re.compile(COMMA_GROUPED_PATTERN)
_GROUP_DOT = re.compile(DOT_GROUPED_PATTERN)
_GROUP_SPACE = re.compile(r"[0-9]{1,3}(?:[ \u00a0\u202f\u2009'’][0-9]{3})+(?:[.,][0-9]+)?")
_DECIMAL_COMMA = re.compile(DECIMAL_COMMA_PATTERN)
_DECIMAL_POINT = re.compile(r"[0-9]*\.?[0-9]+|[0-9]+\.")
_MAX_AFFIXES = 4


def find_number_format(values: Sequence[str]) -> NumberFormat | None:
    """The format that reads *every* one of ``values`` (trimmed, no missing tokens), or None.

    Texts with leading zeros ("007") are codes, not numbers, and make the answer None.
    """
    if not values:
        return None
    if all(_PLAIN.fullmatch(value) for value in values):
        if any(_has_leading_zero(value) for value in values):
            return None
        integer = all(_INTEGER.fullmatch(value) for value in values)
        if not integer and all(value.lstrip("+-").isdigit() for value in values):
            return None  # more digits than a 64-bit integer holds: an identifier
        return NumberFormat(integer=integer, style=DecimalStyle.POINT, grouped=False)
    return _find_decorated(values)


def _has_leading_zero(value: str) -> bool:
    digits = value.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()


def _find_decorated(values: Sequence[str]) -> NumberFormat | None:
    prefixes: Counter[str] = Counter()
    suffixes: Counter[str] = Counter()
    bodies: list[str] = []
    accounting = False
    for value in values:
        match = _AFFIXED.fullmatch(value)
        if match is None or bool(match["open"]) != bool(match["close"]) or (match["sign"] and match["sign2"]):
            return None
        accounting |= bool(match["open"])
        if match["prefix"]:
            prefixes[match["prefix"]] += 1
        if match["suffix"]:
            suffixes[match["suffix"]] += 1
        if match["exp"] and not _DECIMAL_POINT.fullmatch(match["number"]):
            return None
        if _has_leading_zero(match["number"].replace(",", ".")):
            return None
        bodies.append(match["number"])
    if not _affixes_make_sense(prefixes, suffixes, len(values)):
        return None
    style = _decimal_style(bodies)
    if style is None:
        return None
    grouped = any(
        _GROUP_SPACE.fullmatch(body)
        or (_GROUP_COMMA if style is DecimalStyle.POINT else _GROUP_DOT).fullmatch(body)
        for body in bodies
    )
    mark = "." if style is DecimalStyle.POINT else ","
    return NumberFormat(
        integer=all(mark not in body for body in bodies) and not accounting,
        style=style,
        grouped=grouped,
        prefixes=tuple(sorted(prefixes)),
        suffixes=tuple(sorted(suffixes)),
        accounting=accounting,
    )


def _affixes_make_sense(prefixes: Counter[str], suffixes: Counter[str], count: int) -> bool:
    """Codes such as "A12", "A13" are not numbers with a unit; "$12", "12 kg", "5 stars" are."""
    if len(prefixes) + len(suffixes) > _MAX_AFFIXES:
        return False
    for prefix in prefixes:
        if (
            prefix not in CURRENCY_SIGNS
            and prefix.upper() not in CURRENCY_CODES
            and prefix not in {"~", "≈", "<", ">"}
        ):
            return False
        if prefix in {"<", ">"}:
            return False  # a bound is not a value
    stems = {suffix.casefold().rstrip(".").removesuffix("s") for suffix in suffixes}
    known = all(
        suffix in CURRENCY_SIGNS or suffix.upper() in CURRENCY_CODES or suffix == "%" for suffix in suffixes
    )
    if not known and len(stems) > 1:
        return False  # "5 kg" beside "5 g": the unit is part of the value
    # A one-letter suffix glued to digits ("12a", "12b") is a code unless it is a known unit.
    single = {suffix for suffix in suffixes if len(suffix) == 1 and suffix.isalpha()}
    return single <= set("gmlstkhKMC€$£¥")


def _decimal_style(bodies: Sequence[str]) -> DecimalStyle | None:
    """POINT or COMMA when every body reads that way; point wins where both do."""
    point = all(
        _DECIMAL_POINT.fullmatch(b)
        or _GROUP_COMMA.fullmatch(b)
        or (_GROUP_SPACE.fullmatch(b) and "," not in b)
        for b in bodies
    )
    comma = all(
        b.isdigit()
        or _DECIMAL_COMMA.fullmatch(b)
        or _GROUP_DOT.fullmatch(b)
        or (_GROUP_SPACE.fullmatch(b) and "." not in b)
        for b in bodies
    )
    if point:
        return DecimalStyle.POINT
    return DecimalStyle.COMMA if comma else None


def number_guard(fmt: NumberFormat) -> str:
    """RE2 pattern that the whole trimmed cell must match to be read with ``fmt``."""
    if fmt.is_plain:
        return INTEGER_PATTERN if fmt.integer else PLAIN_PATTERN
    if fmt.style is DecimalStyle.POINT:
        body = rf"(?:{PLAIN_PATTERN}|[+-]?{COMMA_GROUPED_PATTERN}|[+-]?{SPACE_GROUPED_PATTERN})"
    else:
        body = rf"[+-]?(?:[0-9]+|{DECIMAL_COMMA_PATTERN}|{DOT_GROUPED_PATTERN}|{SPACE_GROUPED_PATTERN})"
    prefix = _optional(fmt.prefixes)
    suffix = _optional(fmt.suffixes)
    core = rf"[+\-−]?\s*{prefix}\s*{body}\s*{suffix}"
    return rf"(?:{core}|\(\s*{core}\s*\))" if fmt.accounting else core


def _optional(affixes: tuple[str, ...]) -> str:
    if not affixes:
        return ""
    return "(?:" + "|".join(_escape(affix) for affix in sorted(affixes, key=len, reverse=True)) + ")?"


def _escape(text: str) -> str:
    return "".join(char if char.isalnum() else f"\\x{{{ord(char):X}}}" for char in text)
