"""Facts and limits of operating-system processes, by /proc and resource (Linux; elsewhere the limits are
skipped)."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int | None = None) -> int:
    """Resident memory of a process (this one by default); 0 when it cannot be told."""
    try:
        fields = Path(f"/proc/{pid or 'self'}/statm").read_text().split()
        return int(fields[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def marked_family(marker: bytes) -> set[int]:
    """Processes whose environment holds ``marker`` (``NAME=value``), with all their descendants.

    Descendants are found by parentage, since a sandboxed child hides its environment.
    """
    parents: dict[int, int] = {}
    roots: set[int] = set()
    proc = Path("/proc")
    for entry in proc.iterdir() if proc.is_dir() else ():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if marker in (entry / "environ").read_bytes().split(b"\0"):
                roots.add(int(entry.name))
    family = set(roots)
    grown = True
    while grown:
        children = {pid for pid, parent in parents.items() if parent in family} - family
        family |= children
        grown = bool(children)
    return family


def limit_address_space(size: int) -> None:
    """Make allocations beyond ``size`` bytes of address space fail in this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or size < hard:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def raise_file_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))


def children_of(pid: int) -> list[int]:
    """Process ids of the children of ``pid``; the system lists them by the thread that made them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in lists for child in children.read_text().split()]
