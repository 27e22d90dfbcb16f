"""Resumable uploads: bytes arrive in chunks at a stated offset; a broken connection loses at most one chunk."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import UnreadablePostError

from accounts import services as accounts
from data_ingestion.errors import FileEmpty, UploadIncomplete, UploadNotFound, UploadOffsetMismatch
from data_ingestion.models import Upload
from data_ingestion.services.projects import get_project_row
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.clock import now_plus
from plugzero_api.kernel.errors import PayloadTooLarge

CHUNK_BYTES = 16 * 1024 * 1024
STALE_DAYS = 2
_COPY = 1 << 20


def _path(upload: Upload) -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"upload-{upload.team_id}-{upload.pk}.part"


def get_upload(upload_id: UUID) -> Upload:
    """Raises ``UploadNotFound``."""
    upload = Upload.find(pk=upload_id)
    if upload is None:
        raise UploadNotFound
    return upload


def create_upload(*, actor: Principal, project_id: UUID, name: str, size: int) -> Upload:
    """Begin an upload. Raises ``ProjectNotFound``, ``FileEmpty``, ``PayloadTooLarge`` or ``PlanLimitReached``."""
    project = get_project_row(project_id)
    if size == 0:
        raise FileEmpty("The file has no content. Choose another file.")
    if size > settings.PLUGZERO_MAX_UPLOAD_BYTES:
        raise PayloadTooLarge(f"Files may have {settings.PLUGZERO_MAX_UPLOAD_BYTES} bytes.")
    accounts.check_plan_limit(team_id=project.team_id, key="storage_bytes", by=size)
    return Upload.objects.create(
        team_id=project.team_id,
        project=project,
        original_name=name,
        size=size,
        created_by_id=actor.user_id,
    )


def append_chunk(*, upload: Upload, offset: int, stream: BinaryIO, length: int) -> Upload:
    """Write ``length`` bytes at ``offset``, which must be where the upload stands.

    Raises ``UploadOffsetMismatch`` or ``PayloadTooLarge``. Of a chunk that breaks off, what arrived counts; the
    client asks for the offset and goes on from there.
    """
    if offset != upload.offset:
        raise UploadOffsetMismatch(
            f"{upload.offset} bytes have arrived; go on from there.", offset=upload.offset
        )
    if length > CHUNK_BYTES or offset + length > upload.size:
        raise PayloadTooLarge(f"A chunk may have {CHUNK_BYTES} bytes and the file {upload.size}.")
    descriptor = os.open(_path(upload), os.O_WRONLY | os.O_CREAT, 0o600)
    written = 0
    with os.fdopen(descriptor, "wb") as target:
        target.seek(offset)
        while written < length and (block := _read(stream, min(_COPY, length - written))):
            target.write(block)
            written += len(block)
        target.flush()
        os.fsync(target.fileno())
    moved = Upload.objects.filter(pk=upload.pk, offset=offset).update(offset=F("offset") + written)
    upload.refresh_from_db()
    if not moved:
        raise UploadOffsetMismatch("Another request sent this chunk at the same time.", offset=upload.offset)
    return upload


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except UnreadablePostError:
        return b""


def complete_upload(upload: Upload) -> Path:
    """The whole file's path. Raises ``UploadIncomplete``."""
    path = _path(upload)
    if upload.offset != upload.size or not path.exists():
        raise UploadIncomplete(f"{upload.offset} of {upload.size} bytes have arrived.", offset=upload.offset)
    return path


def take_upload(upload: Upload) -> None:
    """Remove the upload in the caller's transaction, its bytes when that holds.

    Raises ``UploadNotFound`` when another request took it meanwhile.
    """
    if not Upload.objects.filter(pk=upload.pk).delete()[0]:
        raise UploadNotFound
    transaction.on_commit(partial(_path(upload).unlink, missing_ok=True))


def forget_upload(upload: Upload) -> None:
    """Remove the upload and its bytes once the transaction holds."""
    with transaction.atomic():
        take_upload(upload)


def remove_stale() -> None:
    """Give up uploads nobody continued."""
    for upload in Upload.objects.filter(created_at__lt=now_plus(-STALE_DAYS * 86_400)):
        with suppress(UploadNotFound):
            forget_upload(upload)
