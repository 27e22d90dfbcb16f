"""Pages and findings as plain JSON values and back.

The crawl process parses hostile pages, so what it learnt crosses to the audit as data, never as code. Values
follow the field order of the dataclasses; encoders and decoders are built once from the type hints. Decoding
checks shapes and raises `WireError` for anything that is not what `pack` wrote.
"""

from __future__ import annotations

import datetime as dt
import types
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from sys import intern
from typing import Any, Union, get_args, get_origin, get_type_hints

from seo_intelligence.logic.page import POSITIONS, Document, Finding, Link, Page, Position, Resource, Severity

Codec = Callable[[Any], Any]
_LIGHT_LINK = 5
_SKIPPED = frozenset({"doc", "headers", "inlinks", "inlinks_follow", "pagerank"})


class WireError(ValueError):
    """The value is not a packed page or finding."""


def _same(value: Any) -> Any:
    return value


def _hints(kind: type) -> dict[str, Any]:
    # Without the class's own namespace: `Page.bytes` is a field there and would hide the type of that name.
    return get_type_hints(kind, localns={})


@cache
def _codec(kind: Any) -> tuple[Codec, Codec]:
    """Encoder and decoder of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [a for a in arguments if a is not type(None)] if type(None) in arguments else [Any]
        encode, decode = _codec(inner)
        if encode is _same and decode is _same:
            return _same, _same
        return (
            lambda v: None if v is None else encode(v),
            lambda v: None if v is None else decode(v),
        )
    if kind in (dt.date, dt.datetime):
        return (lambda v: v.isoformat()), kind.fromisoformat
    if kind is bytes:
        return (lambda v: b64encode(v).decode()), (lambda v: b64decode(v, validate=True))
    if kind is str:
        return _same, intern
    if isinstance(kind, type) and issubclass(kind, Enum):
        return (lambda v: v.value), kind
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        return _record_codec(kind)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _many(arguments[0], tuple)
    if origin is frozenset:
        return _many(arguments[0], frozenset)
    if origin is tuple:
        parts = [_codec(argument) for argument in arguments]
        return (
            lambda v: [encode(item) for (encode, _), item in zip(parts, v, strict=True)],
            lambda v: tuple(decode(item) for (_, decode), item in zip(parts, v, strict=True)),
        )
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments[1] is not Any:
        encode, decode = _codec(arguments[1])
        return (
            lambda v: {key: encode(item) for key, item in v.items()},
            lambda v: {key: decode(item) for key, item in v.items()},
        )
    return (jsonable, _same) if kind is Any or isinstance(origin, type) else (_same, _same)


def _many(item: Any, make: Callable[[Any], Any]) -> tuple[Codec, Codec]:
    encode, decode = _codec(item)
    order: Callable[[Any], Any] = sorted if make is frozenset else list
    if encode is _same:
        return order, lambda v: make(map(decode, v))
    return (lambda v: [encode(x) for x in order(v)]), (lambda v: make(map(decode, v)))


def _record_codec(kind: type) -> tuple[Codec, Codec]:
    hints = _hints(kind)
    names = list(getattr(kind, "_fields", ())) or [f.name for f in fields(kind)]
    parts = [(name, *_codec(hints[name])) for name in names]
    size = len(parts)

    def encode(value: Any) -> list[Any]:
        return [part(getattr(value, name)) for name, part, _ in parts]

    def decode(row: Any) -> Any:
        if not isinstance(row, list) or len(row) != size:
            raise WireError(f"not a {kind.__name__}")
        return kind(*[part(item) for (_, _, part), item in zip(parts, row, strict=True)])

    return encode, decode


def clean_text(text: str) -> str:
    """`text` without NUL and lone surrogates, which databases cannot store."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def jsonable(value: Any) -> Any:
    """`value` with anything JSON cannot hold turned into text or lists; NaN and infinities become None."""
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {clean_text(str(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((jsonable(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value)


@cache
def _page_parts() -> list[tuple[str, Codec, Codec, Any]]:
    hints = _hints(Page)
    blank = Page("")
    return [
        (f.name, *_codec(hints[f.name]), getattr(blank, f.name))
        for f in fields(Page)
        if f.name not in _SKIPPED
    ]


def pack_page(page: Page, *, full: bool = False) -> dict[str, Any]:
    """A page with its links and resources; with `full` all element lists and headers too (the home page)."""
    packed: dict[str, Any] = {}
    for name, encode, _, default in _page_parts():
        value = getattr(page, name)
        if value != default:
            packed[name] = encode(value)
    doc = page.doc
    if full and doc is not None:
        packed["doc"] = _codec(Document)[0](doc)
        packed["headers"] = dict(page.headers)
    elif doc is not None:
        packed["links"] = [
            [x.url, x.anchor, x.fragment, POSITIONS.index(x.position), x.internal + 2 * x.nofollow]
            for x in doc.links
            if x.url
        ]
        packed["resources"] = [
            [url, kind] for url, kind in {r.url: r.kind for r in doc.resources if r.url}.items()
        ]
    return packed


def unpack_page(packed: Any) -> Page:
    """The reverse of `pack_page`. Links and resources come back with what the link graph needs.

    Raises:
        WireError: the value is something else.
    """
    try:
        page = Page(packed["url"])
        for name, _, decode, _ in _page_parts():
            if name in packed:
                setattr(page, name, decode(packed[name]))
        if "doc" in packed:
            page.doc = _codec(Document)[1](packed["doc"])
            page.headers = {str(k): str(v) for k, v in packed["headers"].items()}
        elif "links" in packed:
            page.doc = Document(
                links=tuple(map(_light_link, packed["links"])),
                resources=tuple(
                    Resource(intern(url), intern(kind), "", False, False, False, False)
                    for url, kind in packed["resources"]
                ),
            )
    except WireError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise WireError(f"not a page: {type(error).__name__}") from None
    return page


_FOLLOW: frozenset[str] = frozenset()
_NOFOLLOW: frozenset[str] = frozenset({"nofollow"})


def _light_link(row: Any) -> Link:
    if not isinstance(row, list) or len(row) != _LIGHT_LINK:
        raise WireError("not a link")
    url, anchor, fragment, position, flags = row
    return Link(
        intern(url),
        None,
        intern(anchor),
        _NOFOLLOW if flags & 2 else _FOLLOW,
        _position(position),
        fragment,
        bool(flags & 1),
    )


def _position(index: int) -> Position:
    return POSITIONS[index]


def pack_finding(finding: Finding) -> list[Any]:
    """A finding as a list: check, URL, severity, evidence, value, target, proven."""
    return [
        finding.check_id,
        finding.url,
        finding.severity.value,
        jsonable(finding.evidence),
        finding.value,
        finding.target,
        finding.proven,
    ]


def unpack_finding(row: Any, *, evidence: bool = True) -> Finding:
    """The reverse of `pack_finding`; without `evidence` it is left empty, to save memory.

    Raises:
        WireError: the value is something else.
    """
    try:
        check_id, url, severity, facts, value, target, proven = row
        return Finding(
            intern(check_id),
            intern(url) if url is not None else None,
            Severity(severity),
            facts if evidence else {},
            intern(value) if value is not None else None,
            intern(target) if target is not None else None,
            bool(proven),
        )
    except (TypeError, ValueError) as error:
        raise WireError(f"not a finding: {type(error).__name__}") from None
