"""A small, safe language for filters and derived columns, compiled to parameterised DuckDB SQL.

User text never becomes SQL: column names are looked up and quoted, literals are bound as parameters, operators and
functions come from the tables below. Two forms are read: JSON trees for filters, and formulas such as
``round(price * 1.19, 2)`` or ``if(age >= 18, "adult", "minor")`` for derived columns (column names with blanks go in
square brackets: ``[Q1 score]``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from data_ingestion.contracts import ColumnSchema, PhysicalType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError

_MAX_DEPTH = 30
_MAX_NODES = 500
_MAX_LIST = 1_000

_COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_TEXT_TESTS = {"contains": "contains", "starts_with": "starts_with", "ends_with": "suffix"}
_NUMERIC = frozenset({PhysicalType.INTEGER, PhysicalType.NUMBER})
_TEMPORAL = frozenset({PhysicalType.DATE, PhysicalType.DATETIME, PhysicalType.TIME})


@dataclass(slots=True)
class Compiled:
    """SQL text with ``$name`` parameters and their values."""

    sql: str
    parameters: dict[str, Any] = field(default_factory=dict)


class _Parameters:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.values: dict[str, Any] = {}

    def add(self, value: Any) -> str:
        name = f"{self._prefix}{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def _columns(columns: Sequence[ColumnSchema]) -> dict[str, ColumnSchema]:
    return {column.name: column for column in columns}


def _known(name: Any, columns: Mapping[str, ColumnSchema]) -> ColumnSchema:
    if not isinstance(name, str) or name not in columns:
        raise IngestError(
            "column_unknown", f"There is no column {str(name)[:100]!r}.", column=str(name)[:200]
        )
    return columns[name]


# --- filters -------------------------------------------------------------------------------------------------------

_GROUPS = (
    ("all", " AND ", "TRUE"),
    ("and", " AND ", "TRUE"),
    ("any", " OR ", "FALSE"),
    ("or", " OR ", "FALSE"),
)


def compile_filter(
    tree: Mapping[str, Any] | None,
    columns: Sequence[ColumnSchema],
    *,
    prefix: str = "f",
    pointer: str = "",
) -> Compiled:
    """Compile a filter tree to a boolean SQL expression that is never NULL.

    Leaves are ``{"column": name, "op": op, "value": value}`` with op one of ``eq ne lt le gt ge in not_in contains
    starts_with ends_with between is_missing is_present``; nodes are ``{"all": [...]}``, ``{"any": [...]}`` and
    ``{"not": {...}}``. The words of analyses (``and``, ``or``, ``not_missing``) mean the same. Text comparisons with
    contains, starts_with and ends_with ignore case. Raises ``IngestError`` ``filter_invalid`` or ``column_unknown``
    with a JSON pointer below ``pointer`` to the faulty node.
    """
    parameters = _Parameters(prefix)
    if not tree:
        return Compiled("TRUE")
    budget = [_MAX_NODES]
    sql = _filter_node(tree, _columns(columns), parameters, 0, budget, pointer)
    return Compiled(sql, parameters.values)


def _filter_node(
    node: Any,
    columns: Mapping[str, ColumnSchema],
    parameters: _Parameters,
    depth: int,
    budget: list[int],
    pointer: str,
) -> str:
    budget[0] -= 1
    if depth > _MAX_DEPTH or budget[0] < 0:
        raise _fault("The filter is nested too deeply or too long.", pointer)
    if not isinstance(node, Mapping):
        raise _fault("A filter is an object with all, any, not or column.", pointer)
    keys = set(node)
    for word, glue, neutral in _GROUPS:
        if keys == {word}:
            parts = node[word]
            if not isinstance(parts, Sequence) or isinstance(parts, str):
                raise _fault(f"{word!r} needs a list of filters.", f"{pointer}/{word}")
            compiled = [
                _filter_node(part, columns, parameters, depth + 1, budget, f"{pointer}/{word}/{index}")
                for index, part in enumerate(parts)
            ]
            return "(" + (glue.join(compiled) or neutral) + ")"
    if keys == {"not"}:
        return f"(NOT {_filter_node(node['not'], columns, parameters, depth + 1, budget, f'{pointer}/not')})"
    if "column" not in keys or "op" not in keys or not keys <= {"column", "op", "value"}:
        raise _fault("A condition has column, op and value, and nothing else.", pointer)
    try:
        return _condition(_known(node["column"], columns), str(node["op"]), node.get("value"), parameters)
    except IngestError as error:
        error.context["errors"] = [{"pointer": pointer, "detail": error.detail}]
        raise


def _fault(detail: str, pointer: str) -> IngestError:
    return IngestError("filter_invalid", detail, errors=[{"pointer": pointer, "detail": detail}])


def _condition(column: ColumnSchema, op: str, value: Any, parameters: _Parameters) -> str:
    name = quote_name(column.name)
    if op == "is_missing":
        return f"({name} IS NULL)"
    if op in ("is_present", "not_missing"):
        return f"({name} IS NOT NULL)"
    if op in _TEXT_TESTS:
        if not isinstance(value, str):
            raise IngestError("filter_invalid", f"{op} needs a text.")
        text = f"lower(CAST({name} AS VARCHAR))"
        return f"coalesce({_TEXT_TESTS[op]}({text}, lower({parameters.add(value)})), FALSE)"
    if op in ("in", "not_in"):
        if not isinstance(value, list) or len(value) > _MAX_LIST:
            raise IngestError("filter_invalid", f"{op} needs a list of at most {_MAX_LIST} values.")
        if not value:
            return "FALSE" if op == "in" else "TRUE"
        listed = ", ".join(_bound(column, item, parameters) for item in value)
        inside = f"coalesce({name} IN ({listed}), FALSE)"
        return inside if op == "in" else f"(NOT {inside})"
    if op == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise IngestError("filter_invalid", "between needs two values.")
        low, high = (_bound(column, item, parameters) for item in value)
        return f"coalesce({name} BETWEEN {low} AND {high}, FALSE)"
    if op in _COMPARISONS:
        if value is None:
            raise IngestError("filter_invalid", "Use is_missing or is_present to test for missing values.")
        compared = f"coalesce({name} {_COMPARISONS[op]} {_bound(column, value, parameters)}, FALSE)"
        return compared
    raise IngestError("filter_invalid", f"Unknown operator {op[:50]!r}.", op=op[:50])


def _bound(column: ColumnSchema, value: Any, parameters: _Parameters) -> str:
    """Bind ``value`` as the type of ``column``; a value that cannot be one is the caller's mistake."""
    kind = column.physical_type
    try:
        if kind in _NUMERIC:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            number = float(value)
            exact = (
                int(value)
                if isinstance(value, int)
                or (isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value))
                else number
            )
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError
            # Beyond the widest integer of the engine a number is compared as a float.
            return parameters.add(exact if abs(exact) < 2**127 else number)
        if kind is PhysicalType.BOOLEAN:
            if isinstance(value, str):
                value = {"true": True, "false": False}[value.casefold()]
            if not isinstance(value, bool):
                raise ValueError
            return parameters.add(value)
        if kind is PhysicalType.DATE:
            return f"CAST({parameters.add(date.fromisoformat(str(value)[:10]).isoformat())} AS DATE)"
        if kind is PhysicalType.DATETIME:
            stamp = datetime.fromisoformat(str(value)).replace(tzinfo=None)
            return f"CAST({parameters.add(stamp.isoformat(sep=' '))} AS TIMESTAMP)"
        if kind is PhysicalType.TIME:
            hour, _, rest = str(value).partition(":")
            return f"CAST({parameters.add(time.fromisoformat(f'{hour:0>2}:{rest}').isoformat())} AS TIME)"
    except (ValueError, KeyError, OverflowError) as error:
        raise IngestError(
            "filter_invalid",
            f"{str(value)[:50]!r} is no {kind.value} and cannot be compared with {column.name[:80]!r}.",
            column=column.name,
        ) from error
    return parameters.add(str(value))


# --- formulas ------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<column>\[[^\]]+\])|(?P<word>[^\W\d]\w*(?:\.\w+)*)|(?P<op><=|>=|<>|!=|==|\|\||[-+*/%^()=<>,]))"
)

#: name -> (minimum arguments, maximum arguments, argument kind, result kind, SQL template)
_FUNCTIONS: dict[str, tuple[int, int, str, str, str]] = {
    "abs": (1, 1, "number", "number", "abs({0})"),
    "round": (1, 2, "number", "number", "round({0}, CAST({1:0} AS INTEGER))"),
    "floor": (1, 1, "number", "number", "floor({0})"),
    "ceil": (1, 1, "number", "number", "ceil({0})"),
    "sqrt": (1, 1, "number", "number", "CASE WHEN {0} >= 0 THEN sqrt({0}) END"),
    "ln": (1, 1, "number", "number", "CASE WHEN {0} > 0 THEN ln({0}) END"),
    "log10": (1, 1, "number", "number", "CASE WHEN {0} > 0 THEN log10({0}) END"),
    "exp": (1, 1, "number", "number", "CASE WHEN {0} < 700 THEN exp({0}) END"),
    "min": (1, 50, "number", "number", "least({*})"),
    "max": (1, 50, "number", "number", "greatest({*})"),
    "mean": (1, 50, "number", "number", "list_avg([{*}])"),
    "sum": (1, 50, "number", "number", "list_sum([{*}])"),
    "count": (1, 50, "any", "number", "CAST(list_count([{t*}]) AS DOUBLE)"),
    "lower": (1, 1, "text", "text", "lower({0})"),
    "upper": (1, 1, "text", "text", "upper({0})"),
    "trim": (1, 1, "text", "text", "trim({0})"),
    "length": (1, 1, "text", "number", "CAST(length({0}) AS DOUBLE)"),
    "left": (2, 2, "text", "text", "left({0}, CAST({1} AS BIGINT))"),
    "right": (2, 2, "text", "text", "right({0}, CAST({1} AS BIGINT))"),
    "replace": (3, 3, "text", "text", "replace({0}, {1}, {2})"),
    "contains": (2, 2, "text", "boolean", "contains({0}, {1})"),
    "starts_with": (2, 2, "text", "boolean", "starts_with({0}, {1})"),
    "concat": (1, 50, "any", "text", "concat({t*})"),
    "text": (1, 1, "any", "text", "CAST({0} AS VARCHAR)"),
    "number": (1, 1, "any", "number", "TRY_CAST({0} AS DOUBLE)"),
    "year": (1, 1, "any", "number", "CAST(year({0}) AS DOUBLE)"),
    "month": (1, 1, "any", "number", "CAST(month({0}) AS DOUBLE)"),
    "day": (1, 1, "any", "number", "CAST(day({0}) AS DOUBLE)"),
    "weekday": (1, 1, "any", "number", "CAST(isodow({0}) AS DOUBLE)"),
    "days_between": (2, 2, "any", "number", "CAST(date_diff('day', {0}, {1}) AS DOUBLE)"),
    "is_missing": (1, 1, "any", "boolean", "({0} IS NULL)"),
}
_PHYSICAL_OF = {
    "number": PhysicalType.NUMBER,
    "text": PhysicalType.TEXT,
    "boolean": PhysicalType.BOOLEAN,
    "date": PhysicalType.DATE,
    "datetime": PhysicalType.DATETIME,
    "time": PhysicalType.TIME,
}
_KIND_OF = {
    PhysicalType.INTEGER: "number",
    PhysicalType.NUMBER: "number",
    PhysicalType.BOOLEAN: "boolean",
    PhysicalType.DATE: "date",
    PhysicalType.DATETIME: "datetime",
    PhysicalType.TIME: "time",
    PhysicalType.TEXT: "text",
}


@dataclass(slots=True)
class Formula:
    """A compiled formula: SQL, parameters and the physical type of its result."""

    compiled: Compiled
    physical_type: PhysicalType
    columns: tuple[str, ...]


def compile_formula(text: str, columns: Sequence[ColumnSchema], *, prefix: str = "e") -> Formula:
    """Compile a formula over ``columns``; raises ``IngestError`` ``expression_invalid`` or ``column_unknown``.

    Operators: ``+ - * / % ^``, ``= <> < <= > >=``, ``and or not``, ``||`` (join texts); ``if(condition, a, b)``,
    ``coalesce(a, b, ...)`` and the functions in ``FUNCTION_NAMES``. Division by zero gives a missing value.
    """
    if len(text) > 5_000:
        raise IngestError("expression_invalid", "The formula is longer than 5,000 characters.")
    parser = _Parser(text, _columns(columns), _Parameters(prefix))
    sql, kind = parser.parse()
    return Formula(
        Compiled(sql, parser.parameters.values), _PHYSICAL_OF[kind], tuple(dict.fromkeys(parser.used))
    )


FUNCTION_NAMES: tuple[str, ...] = tuple(sorted([*_FUNCTIONS, "if", "coalesce"]))


class _Parser:
    """Recursive descent with precedence climbing; every rule returns (SQL, kind)."""

    def __init__(self, text: str, columns: Mapping[str, ColumnSchema], parameters: _Parameters) -> None:
        self.columns = columns
        self.parameters = parameters
        self.used: list[str] = []
        self._tokens = list(_tokens(text))
        self._position = 0
        self._depth = 0
        #: Integer columns calculate as doubles but read as whole numbers where a text is wanted.
        self._as_written: dict[str, str] = {}

    def parse(self) -> tuple[str, str]:
        if not self._tokens:
            raise IngestError("expression_invalid", "The formula is empty.")
        result = self._or()
        if self._position < len(self._tokens):
            raise IngestError("expression_invalid", f"Unexpected {self._peek()[1][:40]!r} in the formula.")
        if result[1] == "any":
            raise IngestError("expression_invalid", "The formula has no definite type.")
        return result

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._position] if self._position < len(self._tokens) else ("end", "")

    def _take(self, *texts: str) -> str | None:
        kind, text = self._peek()
        folded = text.casefold() if kind == "word" else text
        if kind in ("op", "word") and folded in texts:
            self._position += 1
            return folded
        return None

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            raise IngestError(
                "expression_invalid", f"Expected {text!r} before {self._peek()[1][:40] or 'the end'!r}."
            )

    def _or(self) -> tuple[str, str]:
        left = self._and()
        while self._take("or"):
            right = self._and()
            left = (f"({self._boolean(left)} OR {self._boolean(right)})", "boolean")
        return left

    def _and(self) -> tuple[str, str]:
        left = self._not()
        while self._take("and"):
            right = self._not()
            left = (f"({self._boolean(left)} AND {self._boolean(right)})", "boolean")
        return left

    def _not(self) -> tuple[str, str]:
        if self._take("not"):
            return f"(NOT {self._boolean(self._not())})", "boolean"
        return self._comparison()

    def _comparison(self) -> tuple[str, str]:
        left = self._sum()
        op = self._take("=", "==", "<>", "!=", "<", "<=", ">", ">=")
        if op is None:
            return left
        right = self._sum()
        left_sql, right_sql = self._comparable(left, right)
        return f"({left_sql} {({'==': '=', '!=': '<>'}).get(op, op)} {right_sql})", "boolean"

    def _comparable(self, left: tuple[str, str], right: tuple[str, str]) -> tuple[str, str]:
        if left[1] == right[1] or "any" in (left[1], right[1]):
            return left[0], right[0]
        temporal = {"date": "DATE", "datetime": "TIMESTAMP", "time": "TIME"}
        if left[1] in temporal and right[1] == "text":
            return left[0], f"TRY_CAST({right[0]} AS {temporal[left[1]]})"
        if right[1] in temporal and left[1] == "text":
            return f"TRY_CAST({left[0]} AS {temporal[right[1]]})", right[0]
        if {left[1], right[1]} == {"date", "datetime"}:
            return left[0], right[0]
        raise IngestError("expression_invalid", f"A {left[1]} cannot be compared with a {right[1]}.")

    def _sum(self) -> tuple[str, str]:
        left = self._product()
        while op := self._take("+", "-", "||"):
            right = self._product()
            if op == "||":
                left = (f"({self._text(left)} || {self._text(right)})", "text")
            else:
                left = (f"({self._number(left)} {op} {self._number(right)})", "number")
        return left

    def _product(self) -> tuple[str, str]:
        left = self._unary()
        while op := self._take("*", "/", "%"):
            right = self._unary()
            if op == "*":
                left = (f"({self._number(left)} * {self._number(right)})", "number")
            else:
                left = (f"({self._number(left)} {op} nullif({self._number(right)}, 0))", "number")
        return left

    def _unary(self) -> tuple[str, str]:
        if self._take("-"):
            return f"(-{self._number(self._unary())})", "number"
        if self._take("+"):
            return self._number(self._unary()), "number"
        return self._power()

    def _power(self) -> tuple[str, str]:
        base = self._atom()
        if self._take("^"):
            exponent = self._unary()
            return f"TRY(pow({self._number(base)}, {self._number(exponent)}))", "number"
        return base

    def _atom(self) -> tuple[str, str]:
        self._depth += 1
        if self._depth > _MAX_NODES:
            raise IngestError("expression_invalid", "The formula has too many parts.")
        kind, text = self._peek()
        if kind == "end":
            raise IngestError("expression_invalid", "The formula ends too early.")
        self._position += 1
        if kind == "number":
            return self.parameters.add(float(text)), "number"
        if kind == "text":
            return self.parameters.add(re.sub(r"\\(.)", r"\1", text[1:-1])), "text"
        if kind == "column":
            return self._column(text[1:-1])
        if text == "(":
            inner = self._or()
            self._expect(")")
            return inner
        if kind == "word":
            if self._peek() == ("op", "(") and text not in self.columns:
                return self._call(text.casefold())
            if text.casefold() in ("true", "false") and text not in self.columns:
                return text.upper(), "boolean"
            return self._column(text)
        raise IngestError("expression_invalid", f"Unexpected {text[:40]!r} in the formula.")

    def _column(self, name: str) -> tuple[str, str]:
        column = _known(name, self.columns)
        self.used.append(column.name)
        kind = _KIND_OF[column.physical_type]
        sql = quote_name(column.name)
        if column.physical_type is not PhysicalType.INTEGER:
            return sql, kind
        number = f"CAST({sql} AS DOUBLE)"
        self._as_written[number] = sql
        return number, kind

    def _call(self, name: str) -> tuple[str, str]:
        self._expect("(")
        arguments: list[tuple[str, str]] = []
        if self._take(")") is None:
            arguments.append(self._or())
            while self._take(","):
                arguments.append(self._or())
            self._expect(")")
        if name == "if":
            return self._if(arguments)
        if name == "coalesce":
            return self._same_kind("coalesce", arguments)
        if name not in _FUNCTIONS:
            raise IngestError(
                "expression_invalid", f"There is no function {name[:40]!r}.", functions=list(FUNCTION_NAMES)
            )
        low, high, wanted, result, template = _FUNCTIONS[name]
        if not low <= len(arguments) <= high:
            raise IngestError(
                "expression_invalid", f"{name} takes {low} to {high} arguments, not {len(arguments)}."
            )
        return self._fill(name, template, arguments, wanted), result

    def _fill(self, name: str, template: str, arguments: list[tuple[str, str]], wanted: str) -> str:
        converted = []
        for index, argument in enumerate(arguments):
            if wanted == "number" or (wanted == "text" and name in ("left", "right") and index == 1):
                converted.append(self._number(argument))
            elif wanted == "text":
                converted.append(self._text(argument))
            elif name in ("concat", "text"):
                converted.append(self._as_written.get(argument[0], argument[0]))
            else:
                converted.append(argument[0])
        if name in ("year", "month", "day", "weekday", "days_between") and any(
            kind not in ("date", "datetime") for _, kind in arguments
        ):
            raise IngestError("expression_invalid", f"{name} needs a date.")
        sql = template.replace("{*}", ", ".join(converted))
        sql = sql.replace("{t*}", ", ".join(f"CAST({part} AS VARCHAR)" for part in converted))
        for index in range(3):
            value = converted[index] if index < len(converted) else None
            sql = sql.replace(f"{{{index}:0}}", value or "0")
            if value is not None:
                sql = sql.replace(f"{{{index}}}", value)
        return sql

    def _if(self, arguments: list[tuple[str, str]]) -> tuple[str, str]:
        if len(arguments) not in (2, 3):
            raise IngestError(
                "expression_invalid", "if takes a condition, a value and optionally another value."
            )
        condition = self._boolean(arguments[0])
        branches = arguments[1:]
        kinds = {kind for _, kind in branches}
        if len(kinds) > 1:
            raise IngestError("expression_invalid", "Both branches of if must have the same type.")
        other = branches[1][0] if len(branches) == 2 else "NULL"
        return f"CASE WHEN {condition} THEN {branches[0][0]} ELSE {other} END", branches[0][1]

    def _same_kind(self, function: str, arguments: list[tuple[str, str]]) -> tuple[str, str]:
        if not arguments or len({kind for _, kind in arguments}) > 1:
            raise IngestError("expression_invalid", f"{function} needs values of one type.")
        return f"{function}({', '.join(sql for sql, _ in arguments)})", arguments[0][1]

    def _number(self, value: tuple[str, str]) -> str:
        if value[1] != "number":
            raise IngestError("expression_invalid", f"A number was expected where a {value[1]} stands.")
        return value[0]

    def _boolean(self, value: tuple[str, str]) -> str:
        if value[1] != "boolean":
            raise IngestError("expression_invalid", f"A condition was expected where a {value[1]} stands.")
        return value[0]

    def _text(self, value: tuple[str, str]) -> str:
        return (
            value[0] if value[1] == "text" else f"CAST({self._as_written.get(value[0], value[0])} AS VARCHAR)"
        )


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise IngestError(
                "expression_invalid", f"Cannot read the formula at {stripped[position : position + 20]!r}."
            )
        position = match.end()
        for kind in ("number", "text", "column", "word", "op"):
            if match[kind] is not None:
                yield kind, match[kind]
                break
