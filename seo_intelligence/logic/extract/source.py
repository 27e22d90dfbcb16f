"""Facts that only the source text shows, because every HTML parser repairs them: structure tags and the
head."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seo_intelligence.logic.page import Element

# Skipped regions first, so that tags inside comments, scripts and inline SVG are not counted.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|textarea|svg|template|noscript|title)\b[^>]*>.*?(?:</\1\s*>|\Z)"
    r"|<(/?)(html|head|body)\b[^>]*>",
    re.IGNORECASE | re.DOTALL,
)
_HEAD_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|noscript|template|title)\b[^>]*>.*?(?:</\1\s*>|\Z)|<([a-zA-Z][a-zA-Z0-9:-]*)[^>]*>",
    re.IGNORECASE | re.DOTALL,
)
_HEAD_ALLOWED = frozenset(
    ["meta", "link", "base", "title", "script", "style", "noscript", "template", "basefont", "bgsound"]
)
_DOCTYPE = re.compile(
    r"\A\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<!doctype\s+([^>]*)>", re.IGNORECASE | re.DOTALL
)
_NOSCRIPT = re.compile(r"<noscript\b[^>]*>.*?</noscript\s*>", re.IGNORECASE | re.DOTALL)
_HEAD_END = re.compile(r"</head\s*>|<body\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Doctype (lower case, None when absent), numbers of head and body tags, foreign elements inside the
    head."""

    doctype: str | None
    heads: int
    bodies: int
    invalid_head: tuple[Element, ...]


def scan(text: str) -> SourceFacts:
    """One pass over the source."""
    match = _DOCTYPE.match(text[:4096])
    heads = bodies = 0
    head_start: int | None = None
    head_end: int | None = None
    for token in _TOKEN.finditer(text):
        name = token.group(3)
        if name is None:
            continue
        name, closing = name.lower(), bool(token.group(2))
        if name == "head":
            if closing:
                head_end = token.start() if head_end is None else head_end
            else:
                heads += 1
                head_start = token.end() if head_start is None else head_start
        elif name == "body" and not closing:
            bodies += 1
            head_end = token.start() if head_end is None else head_end
    invalid: list[Element] = []
    if head_start is not None:
        for tag in _HEAD_TAG.finditer(text, head_start, head_end if head_end is not None else len(text)):
            name = tag.group(2)
            if name and name.lower() not in _HEAD_ALLOWED and name.lower() not in ("html", "head", "body"):
                invalid.append(Element(name.lower(), tag.group(0)[:120]))
                if len(invalid) == 5:
                    break
    doctype = " ".join(match.group(1).lower().split()) if match else None
    return SourceFacts(doctype, heads, bodies, tuple(invalid))


def without_head_noscript(text: str) -> str:
    """The source with `<noscript>` emptied inside the head.

    Engines that run scripts treat it as raw text there; the tree parser would close the head at an image in
    it.
    """
    end = _HEAD_END.search(text)
    if end is None or "<noscript" not in text[: end.start()].lower():
        return text
    return _NOSCRIPT.sub("", text[: end.start()]) + text[end.start() :]
