"""JSON-LD and microdata to typed items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml.etree import _Element

from seo_intelligence.logic.page import StructuredError, StructuredItem

_SCHEMA_PREFIX = re.compile(r"^(?:https?://(?:www\.)?schema\.org/|schema:)", re.IGNORECASE)
_CONTEXT = re.compile(r"^https?://(?:www\.)?schema\.org/?(?:#|\Z)", re.IGNORECASE)
_WRAPPERS = re.compile(
    r"\A\s*(?:<!--|/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|/?/?\*?\s*\]\]>\s*\*?/?)\s*\Z"
)
MAX_DEPTH = 12
MAX_ITEMS = 500


def _types(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    return tuple(_SCHEMA_PREFIX.sub("", t.strip()) for t in found if isinstance(t, str) and t.strip())


def _context_ok(context: Any) -> bool:
    if isinstance(context, str):
        return bool(_CONTEXT.match(context.strip()))
    if isinstance(context, list):
        return any(_context_ok(part) for part in context)
    if isinstance(context, Mapping):
        return any(_context_ok(part) for key, part in context.items() if key in ("@vocab", "schema"))
    return False


def json_ld(text: str) -> tuple[list[StructuredItem], list[StructuredError]]:
    """Items and errors of one JSON-LD script. Arrays and `@graph` are opened; nested objects stay in
    `props`."""
    cleaned = _WRAPPERS.sub("", text).strip()
    if not cleaned:
        return [], [StructuredError("json-ld", "parse", "empty block")]
    try:
        data = json.loads(cleaned, strict=False)
    except (ValueError, RecursionError) as error:
        return [], [StructuredError("json-ld", "parse", str(error)[:160])]
    items: list[StructuredItem] = []
    errors: list[StructuredError] = []
    for node in data if isinstance(data, list) else [data]:
        if not isinstance(node, Mapping):
            errors.append(StructuredError("json-ld", "type", "not an object"))
            continue
        context_ok = _context_ok(node.get("@context"))
        if not context_ok:
            errors.append(StructuredError("json-ld", "context", str(node.get("@context"))[:120]))
        graph = node.get("@graph")
        members = graph if isinstance(graph, list) else [graph] if isinstance(graph, Mapping) else [node]
        for member in members[:MAX_ITEMS]:
            if not isinstance(member, Mapping):
                continue
            types = _types(member.get("@type"))
            if not types and not ("@id" in member and len(member) <= 2):
                errors.append(StructuredError("json-ld", "type", "object without @type"))
                continue
            items.append(StructuredItem("json-ld", types, member, context_ok))
    return items, errors


def _microdata_value(element: _Element) -> str:
    tag = element.tag
    value: str | None = element.get("content")
    if value is not None:
        return value
    if tag in ("a", "link", "area"):
        return element.get("href") or ""
    if tag in ("img", "source", "video", "audio", "iframe", "embed", "track"):
        return element.get("src") or ""
    if tag == "time":
        return element.get("datetime") or "".join(element.itertext()).strip()
    if tag in ("data", "meter"):
        return element.get("value") or ""
    return " ".join("".join(element.itertext()).split())[:500]


def _microdata_props(scope: _Element, depth: int) -> dict[str, Any]:
    props: dict[str, Any] = {"@type": list(_types((scope.get("itemtype") or "").split()))}
    stack = [child for child in reversed(scope) if isinstance(child.tag, str)]
    while stack:
        element = stack.pop()
        names = (element.get("itemprop") or "").split()
        nested = element.get("itemscope") is not None
        if names:
            value: Any = _microdata_props(element, depth + 1) if nested and depth < MAX_DEPTH else None
            if not nested:
                value = _microdata_value(element)
            for name in names:
                if name in props:
                    known = props[name]
                    props[name] = [*known, value] if isinstance(known, list) else [known, value]
                else:
                    props[name] = value
        if not nested:
            stack.extend(child for child in reversed(element) if isinstance(child.tag, str))
    return props


def microdata(root: _Element) -> list[StructuredItem]:
    """Top-level microdata items (those that are no property of another item)."""
    items: list[StructuredItem] = []
    for scope in root.iterfind(".//*[@itemscope]"):
        if scope.get("itemprop") is None and scope.get("itemtype"):
            vocabulary = (scope.get("itemtype") or "").strip()
            props = _microdata_props(scope, 0)
            context_ok = bool(_SCHEMA_PREFIX.match(vocabulary))
            items.append(StructuredItem("microdata", tuple(props["@type"]), props, context_ok))
            if len(items) >= MAX_ITEMS:
                break
    return items


def walk(props: Any, depth: int = 0) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every typed object in a tree of properties, the outermost first."""
    if depth > MAX_DEPTH:
        return
    if isinstance(props, Mapping):
        types = _types(props.get("@type"))
        if types:
            yield types, props
        for key, value in props.items():
            if key not in ("@context", "@type", "@id"):
                yield from walk(value, depth + 1)
    elif isinstance(props, list):
        for value in props:
            yield from walk(value, depth + 1)
