"""Processes of a worker, as Linux lists them."""

from __future__ import annotations

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Process ids of the children; the system lists them by the thread that made them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in lists for child in children.read_text().split()]
