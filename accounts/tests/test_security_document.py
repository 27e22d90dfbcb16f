"""``docs/security.md`` names tests that exist, and all 64 points."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

DOCUMENT = (Path(settings.BASE_DIR) / "docs" / "security.md").read_text()


def test_every_test_named_in_the_document_exists():
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT)
    assert len(named) > 80
    missing = [
        f"{path}::{name}"
        for path, name in named
        if f"def {name}(" not in (Path(settings.BASE_DIR) / path).read_text()
    ]
    assert not missing


def test_all_points_are_there_once():
    points: list[int] = []
    for first, last in re.findall(r"^\| (\d+)(?:-(\d+))? \|", DOCUMENT, re.M):
        points += range(int(first), int(last or first) + 1)
    assert points == list(range(1, 65))
