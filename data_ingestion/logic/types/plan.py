"""From the sample of a text column to a plan: type, meaning, and the guarded SQL cast for all rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from data_ingestion.contracts import ColumnSchema, MeasureLevel, PhysicalType, SemanticType
from data_ingestion.logic.duck import quote_text
from data_ingestion.logic.types import semantics
from data_ingestion.logic.types.dates import TemporalFormat, find_temporal_format
from data_ingestion.logic.types.missing import is_missing, is_missing_text
from data_ingestion.logic.types.numbers import (
    PLAIN_PATTERN,
    DecimalStyle,
    NumberFormat,
    find_number_format,
    number_guard,
)
from data_ingestion.logic.types.scales import order_scale

_BOOLEANS: tuple[tuple[str, str], ...] = (
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("ja", "nein"),
    ("oui", "non"),
    ("sí", "no"),
    ("si", "no"),
    ("sim", "não"),
    ("да", "нет"),
)
_SQL_TYPES = {
    PhysicalType.INTEGER: "BIGINT",
    PhysicalType.NUMBER: "DOUBLE",
    PhysicalType.BOOLEAN: "BOOLEAN",
    PhysicalType.DATE: "DATE",
    PhysicalType.DATETIME: "TIMESTAMP",
    PhysicalType.TIME: "TIME",
    PhysicalType.TEXT: "VARCHAR",
}
#: Texts that make a guarded cast fail on purpose, so that no odd cell can slip through DuckDB's lenient casts.
_REFUSED = "\x01"
_MAX_CATEGORIES = 50
_PLAIN = re.compile(PLAIN_PATTERN)
_MAX_LABELS = 200


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How one source text column becomes a Dataset column.

    ``missing`` are the trimmed texts read as NULL. ``keeps_raw`` asks for the original text in a column beside.
    ``padded`` tells that cells have blanks around them and need trimming; ``nearly_numeric`` that a text column holds
    numbers but for a few cells, which the receipt must mention.
    """

    name: str
    label: str
    physical: PhysicalType = PhysicalType.TEXT
    semantic: SemanticType = SemanticType.FREE_TEXT
    missing: tuple[str, ...] = ("",)
    number: NumberFormat | None = None
    temporal: TemporalFormat | None = None
    booleans: tuple[str, str] | None = None
    separator: str | None = None
    keeps_raw: bool = False
    value_labels: dict[str, str] = field(default_factory=dict)
    undecided: bool = False
    padded: bool = False
    nearly_numeric: bool = False

    def as_text(self, missing: tuple[str, ...] = ("",)) -> ColumnPlan:
        """The plan that keeps every cell as it is (used when a later row does not fit the type)."""
        return ColumnPlan(
            name=self.name, label=self.label, missing=missing, undecided=True, padded=self.padded
        )

    def sql(self, source: str, *, trial: bool = False) -> str:
        """SQL that turns the VARCHAR expression ``source`` into this column.

        With ``trial`` unreadable cells give NULL; without, they raise a DuckDB ConversionException.
        """
        if self.physical is PhysicalType.TEXT:
            return f"nullif({source}, '')" if self.missing in ((), ("",)) else self._nulls(source, source)
        cast = "TRY_CAST" if trial else "CAST"
        text = f"trim({source})" if self.padded else source
        kind = _SQL_TYPES[self.physical]
        if self.physical in (PhysicalType.INTEGER, PhysicalType.NUMBER) and self.number is not None:
            guard = number_guard(self.number)
            clean = source if self.number.is_plain else self._cleaned_number(source)
            value = f"{cast}({self._guarded(text, guard, clean)} AS {kind})"
        elif self.physical is PhysicalType.BOOLEAN and self.booleans is not None:
            yes, no = self.booleans
            chosen = (
                f"CASE lower({text}) WHEN {quote_text(yes)} THEN 'true' WHEN {quote_text(no)} THEN 'false' "
                f"ELSE {quote_text(_REFUSED)} || {source} END"
            )
            value = f"{cast}({chosen} AS BOOLEAN)"
        elif self.temporal is not None and self.temporal.pattern is not None:
            guarded = self._guarded(text, self.temporal.pattern, text)
            if self.temporal.has_offset:
                value = f"({cast}({guarded} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
            else:
                value = f"{cast}({guarded} AS {kind})"
        elif self.temporal is not None:
            formats = "[" + ", ".join(quote_text(f) for f in self.temporal.formats) + "]"
            function = "try_strptime" if trial else "strptime"
            value = f"CAST({function}({text}, {formats}) AS {kind})"
        else:  # pragma: no cover - every typed plan carries its format
            raise AssertionError(self)
        return self._nulls(source, value)

    @staticmethod
    def _guarded(text: str, guard: str, clean: str) -> str:
        refused = f"{quote_text(_REFUSED)} || {text}"
        return f"CASE WHEN regexp_full_match({text}, {quote_text(guard)}) THEN {clean} ELSE {refused} END"

    def _nulls(self, source: str, value: str) -> str:
        """NULL for the missing tokens; the plain empty cell is the common case and needs no trim."""
        tokens = [token for token in self.missing if token]
        text = f"trim({source})" if self.padded else source
        test = f"{text} = ''"
        if tokens:
            listed = ", ".join(quote_text(token) for token in ("", *tokens))
            test = f"{text} IN ({listed})"
        return f"CASE WHEN {test} THEN NULL ELSE {value} END"

    def _cleaned_number(self, source: str) -> str:
        assert self.number is not None
        text = f"replace({source}, '−', '-')"
        if self.number.accounting:
            text = f"regexp_replace({text}, '^\\s*\\((.*)\\)\\s*$', '-\\1')"
        # Only the digits, marks, sign and exponent of a cell that already matched the guard remain.
        affixes = [*self.number.prefixes, *self.number.suffixes]
        for affix in sorted(affixes, key=len, reverse=True):
            text = f"replace({text}, {quote_text(affix)}, '')"
        kept = f"regexp_replace({text}, '[^0-9.,+eE-]', '', 'g')"
        if self.number.style is DecimalStyle.POINT:
            return f"replace({kept}, ',', '')"
        return f"replace(replace({kept}, '.', ''), ',', '.')"

    def schema(self, raw_column: str | None = None) -> ColumnSchema:
        """The ``ColumnSchema`` of the finished column."""
        return ColumnSchema(
            name=self.name,
            label=self.label,
            physical_type=self.physical,
            semantic_type=self.semantic,
            measure_level=measure_level(self.semantic, self.physical),
            is_pii=is_personal(self.label or self.name, self.semantic),
            value_labels=dict(self.value_labels),
            missing_codes=tuple(token for token in self.missing if token),
            raw_column=raw_column,
            unit=self.number.unit if self.number is not None and not self.number.is_plain else None,
            separator=self.separator,
        )


def measure_level(semantic: SemanticType, physical: PhysicalType) -> MeasureLevel:
    """Level of measurement that follows from the meaning."""
    if semantic is SemanticType.ORDERED_CATEGORY:
        return MeasureLevel.ORDINAL
    if semantic in (SemanticType.IDENTIFIER, SemanticType.POSTCODE):
        return MeasureLevel.NOMINAL
    if physical in (PhysicalType.TEXT, PhysicalType.BOOLEAN):
        return MeasureLevel.NOMINAL
    return MeasureLevel.SCALE


def is_personal(header: str, semantic: SemanticType) -> bool:
    """Whether a column is likely to hold personal data."""
    if semantic in (SemanticType.EMAIL, SemanticType.PHONE, SemanticType.IP_ADDRESS):
        return True
    if semantic in (
        SemanticType.COUNTRY,
        SemanticType.CURRENCY,
        SemanticType.PERCENTAGE,
        SemanticType.ORDERED_CATEGORY,
    ):
        return False
    return semantics.header_suggests_pii(header)


def plan_column(name: str, label: str, sample: Sequence[str]) -> ColumnPlan:
    """Plan for a column from sampled cell texts (``""`` for empty cells).

    The plan is a hypothesis: the caller applies it to *all* rows and falls back to ``as_text`` when one does not fit.
    """
    trimmed = [value.strip() for value in sample if value is not None]
    padded = any(value is not None and value[:1].isspace() | value[-1:].isspace() for value in sample)
    missing = tuple(sorted({"", *(value for value in trimmed if is_missing(value))}))
    present = [value for value in trimmed if not is_missing(value)]
    base = ColumnPlan(name=name, label=label, padded=padded)
    if not present:
        text_missing = tuple(sorted({"", *(value for value in trimmed if is_missing_text(value))}))
        return replace(base, semantic=SemanticType.EMPTY, missing=text_missing, undecided=True)
    distinct = list(dict.fromkeys(present))
    header = label or name
    # Phone numbers and postcodes are made of digits but are no quantities.
    meaning = semantics.text_meaning(header, distinct)
    if meaning in (SemanticType.PHONE, SemanticType.POSTCODE, SemanticType.IP_ADDRESS):
        return _text_plan(base, meaning, trimmed)
    number = find_number_format(distinct)
    if number is not None:
        return _number_plan(base, header, number, distinct, missing)
    temporal = find_temporal_format(distinct)
    if temporal is not None:
        physical = PhysicalType(temporal.kind)
        return replace(
            base,
            physical=physical,
            semantic=SemanticType(temporal.kind),
            temporal=temporal,
            missing=missing,
        )
    folded = {value.casefold() for value in distinct}
    for yes, no in _BOOLEANS:
        if folded <= {yes, no} and (len(folded) == 2 or (yes, no) == ("true", "false")):
            labels = {}
            if (yes, no) != ("true", "false"):
                labels = {
                    "true": next(v for v in distinct if v.casefold() == yes),
                    "false": next(v for v in distinct if v.casefold() == no),
                }
            return replace(
                base,
                physical=PhysicalType.BOOLEAN,
                semantic=SemanticType.BOOLEAN,
                booleans=(yes, no),
                missing=missing,
                value_labels=labels,
            )
    numeric = sum(1 for value in present if _PLAIN.fullmatch(value))
    nearly = 0.9 * len(present) <= numeric < len(present)
    return replace(_text_plan(base, meaning, trimmed), nearly_numeric=nearly)


def plan_text_column(name: str, label: str, sample: Sequence[str]) -> ColumnPlan:
    """Plan for a column whose source says it is text (a typed file format): never turned into numbers or dates."""
    trimmed = [value.strip() for value in sample if value]
    base = ColumnPlan(name=name, label=label)
    if not trimmed:
        return replace(base, undecided=True)
    plan = _text_plan(base, semantics.text_meaning(label or name, list(dict.fromkeys(trimmed))), trimmed)
    return replace(plan, missing=("",))


def _number_plan(
    base: ColumnPlan, header: str, number: NumberFormat, distinct: Sequence[str], missing: tuple[str, ...]
) -> ColumnPlan:
    if number.currency:
        semantic = SemanticType.CURRENCY
    elif number.is_percentage:
        semantic = SemanticType.PERCENTAGE
    elif number.is_plain:
        semantic = semantics.number_meaning(header, [float(v) for v in distinct], integer=number.integer)
    else:
        semantic = SemanticType.INTEGER if number.integer else SemanticType.NUMBER
    return replace(
        base,
        physical=PhysicalType.INTEGER if number.integer else PhysicalType.NUMBER,
        semantic=semantic,
        number=number,
        missing=missing,
        keeps_raw=bool(number.prefixes or number.suffixes or number.accounting)
        or number.style is DecimalStyle.COMMA
        or number.grouped,
    )


def _text_plan(base: ColumnPlan, meaning: SemanticType | None, trimmed: Sequence[str]) -> ColumnPlan:
    missing = tuple(sorted({"", *(value for value in trimmed if is_missing_text(value))}))
    present = [value for value in trimmed if not is_missing_text(value)]
    if meaning is not None:
        return replace(base, semantic=meaning, missing=missing)
    listed = semantics.find_multi_select(present)
    if listed is not None:
        return replace(base, semantic=SemanticType.MULTI_SELECT, missing=missing, separator=listed[0])
    return replace(base, missing=missing, undecided=True)


def settle_text(schema: ColumnSchema, *, count: int, distinct: int, values: Sequence[str]) -> ColumnSchema:
    """Category, ordered category, identifier or free text, from counts over all rows.

    ``values`` are all distinct values when there are at most 50, else a sample.
    """
    if count == 0:
        return replace(schema, semantic_type=SemanticType.EMPTY)
    header = schema.label or schema.name
    mean_length = sum(map(len, values)) / max(1, len(values))
    semantic = SemanticType.FREE_TEXT
    labels = dict(schema.value_labels)
    if distinct <= _MAX_CATEGORIES and (distinct <= 12 or distinct <= 0.5 * count) and mean_length <= 80:
        repeated = distinct <= max(3, 0.5 * count)
        order = order_scale(values)
        if order is not None:
            semantic = SemanticType.ORDERED_CATEGORY
            labels = {value: value for value in order}
        elif repeated:
            semantic = SemanticType.CATEGORY
    elif distinct == count and semantics.is_identifier(header, values):
        semantic = SemanticType.IDENTIFIER
    elif distinct <= _MAX_LABELS * 5 and distinct <= 0.1 * count and mean_length <= 40:
        semantic = SemanticType.CATEGORY
    elif distinct >= 0.9 * count and semantics.is_identifier(header, values):
        semantic = SemanticType.IDENTIFIER
    return replace(
        schema,
        semantic_type=semantic,
        value_labels=labels,
        measure_level=measure_level(semantic, schema.physical_type),
        is_pii=is_personal(header, semantic),
    )
