"""Objects in Django's default storage, and local paths to them for engines that need a file.

Names start with the team's id, so that no two teams can share an object. With a remote store, objects are
downloaded once into a bounded cache (least recently used objects go first).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

_CHUNK = 1 << 20


def raw_name(team_id: UUID, sha256: str) -> str:
    return f"teams/{team_id}/raw/{sha256[:2]}/{sha256}"


def dataset_name(team_id: UUID, dataset_id: UUID, version_hash: str, kind: str = "parquet") -> str:
    return f"teams/{team_id}/datasets/{dataset_id}/{version_hash}.{kind}"


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep(path: Path, name: str) -> None:
    """Store the file at ``path`` under ``name`` unless an object of that name is there; ``path`` may be moved."""
    if default_storage.exists(name):
        return
    if isinstance(default_storage._wrapped, FileSystemStorage):  # type: ignore[attr-defined]
        target = Path(default_storage.path(name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            shutil.copyfile(path, partial)
            partial.chmod(0o600)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return
    with path.open("rb") as stream:
        default_storage.save(name, File(stream))


def local_path(name: str) -> Path:
    """A local file with the object's bytes: the object itself, or its copy in the cache."""
    if isinstance(default_storage._wrapped, FileSystemStorage):  # type: ignore[attr-defined]
        return Path(default_storage.path(name))
    cached = Path(settings.DATASET_CACHE_DIR) / name
    if cached.exists():
        os.utime(cached)
        return cached
    cached.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = cached.with_name(f"{cached.name}.{os.getpid()}.part")
    try:
        with default_storage.open(name, "rb") as source, partial.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        partial.replace(cached)
    finally:
        partial.unlink(missing_ok=True)
    _trim_cache()
    return cached


def remove(name: str) -> None:
    if name and default_storage.exists(name):
        default_storage.delete(name)


def _trim_cache() -> None:
    files = sorted(
        (path for path in Path(settings.DATASET_CACHE_DIR).rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_mtime,
    )
    total = sum(path.stat().st_size for path in files)
    for path in files[:-1]:
        if total <= settings.DATASET_CACHE_BYTES:
            return
        total -= path.stat().st_size
        path.unlink(missing_ok=True)


# Young objects may belong to a transaction that has not committed yet.
_ORPHAN_AGE_SECONDS = 24 * 3600


def remove_unnamed(named: set[str]) -> int:
    """Delete objects under ``teams/`` that are not in ``named`` and older than a day; returns how many."""
    removed = 0
    pending = ["teams"] if default_storage.exists("teams") else []
    while pending:
        folder = pending.pop()
        folders, files = default_storage.listdir(folder)
        pending += [f"{folder}/{name}" for name in folders]
        for file in files:
            name = f"{folder}/{file}"
            age = (timezone.now() - default_storage.get_modified_time(name)).total_seconds()
            if name not in named and age > _ORPHAN_AGE_SECONDS:
                default_storage.delete(name)
                removed += 1
    return removed
