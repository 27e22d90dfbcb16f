"""Estimated pixel width of titles and descriptions in search results.

Advance widths of Helvetica/Arial per 1,000 em (Adobe core font metrics); titles are shown at 20 px and
descriptions at 14 px on desktop.
"""

from __future__ import annotations

import unicodedata

TITLE_PX = 20
DESCRIPTION_PX = 14

_GROUPS = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;ft[]\\I",
    333: "-()r`",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "cksvxyzJ",
    556: "abdeghnopqu0123456789#$?L_",
    584: "+<=>~",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    889: "%",
    944: "W",
    1015: "@",
    1000: "—…",
}
_WIDTHS = {char: width for width, chars in _GROUPS.items() for char in chars}
_WIDTHS.update(
    {"–": 556, "’": 222, "‘": 222, "“": 333, "”": 333, "•": 350, "·": 278, "»": 556, "«": 556, "ß": 611}
)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return 1000
    base = unicodedata.normalize("NFD", char)[0]
    return _WIDTHS.get(base, 556 if not base.isupper() else 700)


def text_width(text: str, size_px: int) -> int:
    """Width of the text in pixels at the given font size."""
    widths = _WIDTHS
    total = 0
    for char in text:
        width = widths.get(char)
        if width is None:
            width = widths[char] = _width(char) if len(widths) < 4096 else 556
        total += width
    return round(total * size_px / 1000)
