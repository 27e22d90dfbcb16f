"""llms.txt: a Markdown file with one H1 and lists of links (llmstxt.org)."""

from __future__ import annotations

import re

_H1 = re.compile(r"^#\s+\S", re.MULTILINE)
_LINK = re.compile(r"^\s*[-*]\s+.*\[[^\]]+\]\((?:https?://|/)[^)\s]+\)", re.MULTILINE)


def llms_faults(text: str) -> tuple[str, ...]:
    """What is wrong with an llms.txt body: html, no_h1, h1_not_first, several_h1, no_links."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if re.match(r"<(?:!doctype|html)", stripped, re.IGNORECASE):
        return ("html",)
    faults: list[str] = []
    headings = len(_H1.findall(stripped))
    if not headings:
        faults.append("no_h1")
    elif not stripped.startswith("# "):
        faults.append("h1_not_first")
    if headings > 1:
        faults.append("several_h1")
    if not _LINK.search(stripped):
        faults.append("no_links")
    return tuple(faults)
