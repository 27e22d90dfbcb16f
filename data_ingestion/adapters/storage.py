"""Objects in Django's default storage, and local paths to them for engines that need a file.

Names start with the team's id, so that no two teams can share an object. With a remote store, objects are
downloaded once into a bounded cache (least recently used objects go first).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from plugzero_api.kernel.ids import uuid7

_CHUNK = 1 << 20
# Young objects may belong to a transaction that has not committed yet.
_ORPHAN_AGE_SECONDS = 24 * 3600


def _is_local() -> bool:
    return isinstance(default_storage, FileSystemStorage)


def _partial(target: Path) -> Path:
    """Where a file is written before it is moved into place; no two writers share one."""
    return target.with_name(f"{target.name}.{uuid7().hex}.part")


def _age_seconds(name: str) -> float:
    return float((timezone.now() - default_storage.get_modified_time(name)).total_seconds())


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
    if _is_local():
        target = Path(default_storage.path(name))
        try:
            # Young again: a sweep that runs before the row naming it is committed must not take it for an orphan.
            os.utime(target)
            return
        except FileNotFoundError:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = _partial(target)
        try:
            shutil.copyfile(path, partial)
            partial.chmod(0o600)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return
    if default_storage.exists(name) and _age_seconds(name) < _ORPHAN_AGE_SECONDS / 2:
        return
    # An old object is written anew, under the same name with the same bytes, to be young again (see above).
    with path.open("rb") as stream:
        default_storage.save(name, File(stream))


def local_path(name: str) -> Path:
    """A local file with the object's bytes: the object itself, or its copy in the cache."""
    if _is_local():
        return Path(default_storage.path(name))
    cached = Path(settings.DATASET_CACHE_DIR) / name
    if cached.exists():
        os.utime(cached)
        return cached
    cached.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = _partial(cached)
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
        (entry for path in Path(settings.DATASET_CACHE_DIR).rglob("*") if (entry := _cached(path))),
        key=lambda entry: entry[1].st_mtime_ns,
    )
    total = sum(facts.st_size for _, facts in files)
    for path, facts in files[:-1]:
        if total <= settings.DATASET_CACHE_BYTES:
            return
        total -= facts.st_size
        path.unlink(missing_ok=True)


def _cached(path: Path) -> tuple[Path, os.stat_result] | None:
    """A whole cached object with its size and age; None for folders, downloads in progress and what just went."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return (path, facts) if stat.S_ISREG(facts.st_mode) and path.suffix != ".part" else None


def remove_stale_work(older_than_seconds: float) -> None:
    """Delete what killed workers and broken uploads left in the folder for temporary files."""
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        try:
            if time.time() - path.stat().st_mtime < older_than_seconds:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:
            continue  # its owner was faster


def remove_unnamed(named: set[str]) -> int:
    """Delete objects under ``teams/`` that are not in ``named`` and older than a day; returns how many."""
    removed = 0
    pending = ["teams"]
    while pending:
        folder = pending.pop()
        try:
            folders, files = default_storage.listdir(folder)
        except FileNotFoundError:
            continue  # nothing was ever stored; object stores answer with an empty list
        pending += [f"{folder}/{name}" for name in folders]
        for file in files:
            name = f"{folder}/{file}"
            if name not in named and _age_seconds(name) > _ORPHAN_AGE_SECONDS:
                default_storage.delete(name)
                removed += 1
    return removed
