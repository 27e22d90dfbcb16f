"""Plain English and German text that differs from page to page, made from a seed."""

from __future__ import annotations

import random

_SUBJECTS = (
    "Our team", "A good plan", "The workshop", "Every guest", "The old mill", "This method", "A small change",
    "The garden", "Each visit", "The new guide", "A local farmer", "The harbour", "My neighbour", "The museum",
    "A careful cook", "The river path", "One short walk", "The market", "A friendly clerk", "The upper floor",
    "Fresh bread", "The morning light", "A simple tool", "The third chapter", "An early start", "The village school",
)  # fmt: skip
_VERBS = (
    "helps", "shows", "brings", "keeps", "changes", "offers", "supports", "guides", "surprises", "follows", "protects",
    "invites", "teaches", "holds", "opens", "warms", "saves", "joins", "tests", "repairs", "moves", "marks", "serves",
)  # fmt: skip
_OBJECTS = (
    "young families", "the quiet street", "people in a hurry", "a long winter", "the first step", "old friends",
    "most beginners", "the whole team", "a rainy weekend", "busy parents", "the next season", "plain ideas",
    "children and teachers", "the open field", "a rare book", "many small shops", "the last train", "good habits",
    "a careful reader", "the blue door", "hungry hikers", "the yearly fair", "new members", "a steady hand",
)  # fmt: skip
_ENDINGS = (
    "before the rain sets in", "with very little effort", "on most days of the week", "without any extra cost",
    "when the days grow short", "as long as you ask first", "in a calm and clear way", "close to the town hall",
    "after a short talk", "since the bridge was built", "if the weather is kind", "once the paint is dry",
    "while the kettle boils", "from spring to late autumn", "at the end of the lane", "in less than an hour",
    "for a fair price", "under the tall trees", "by the time you arrive", "over a cup of tea",
)  # fmt: skip
_GERMAN = (
    ("Unser Team", "Der alte Hof", "Die neue Werkstatt", "Ein guter Plan", "Jeder Gast", "Das kleine Museum",
     "Die Nachbarin", "Der lange Weg", "Ein ruhiger Abend", "Die Schule im Dorf", "Das frische Brot", "Der Markt"),
    ("hilft", "zeigt", "begleitet", "schützt", "öffnet", "überrascht", "findet", "trägt", "erreicht", "verbindet"),
    ("die ganze Familie", "alle Kinder und ihre Eltern", "den ersten Schritt",
     "viele kleine Läden", "die nächste Saison",
     "gute Freunde aus der Stadt", "das offene Feld", "den letzten Zug", "eine ruhige Straße", "neue Mitglieder"),
    ("bevor der Regen kommt", "mit sehr wenig Aufwand", "an den meisten Tagen der Woche", "wenn die Tage kürzer werden",
     "nach einem kurzen Gespräch", "und das ist für uns auch wichtig", "weil es sich am Ende lohnt",
     "für einen fairen Preis",
     "unter den hohen Bäumen", "bei einer Tasse Tee", "und nicht nur im Sommer", "so wie es sein soll"),
)  # fmt: skip


def paragraph(seed: str, sentences: int, *, german: bool = False) -> str:
    """A paragraph of the given number of sentences; the same seed gives the same text."""
    source = random.Random(seed)
    parts = _GERMAN if german else (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
    return " ".join(f"{' '.join(source.choice(part) for part in parts)}." for _ in range(sentences))


def sections(seed: str, count: int, sentences: int, heading: str, *, german: bool = False) -> str:
    """Sections with an H2 each."""
    return "".join(
        f"<section><h2>{heading} {n + 1}</h2><p>{paragraph(f'{seed}/{n}', sentences, german=german)}</p></section>\n"
        for n in range(count)
    )
