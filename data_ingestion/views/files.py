"""``/api/v1/files/``"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from data_ingestion import selectors
from data_ingestion.adapters import storage
from data_ingestion.filters import RawDataFileFilter
from data_ingestion.models import RawDataFile
from data_ingestion.serializers import FileUploadSerializer, RawDataFileSerializer, UrlFileSerializer
from data_ingestion.services import files, web
from data_ingestion.views.multipart import WholeMultiPartParser
from plugzero_api.kernel.api.views import PlatformViewSet, accepted
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer


class RawDataFileViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Files as they came in. Their bytes are never changed."""

    permission_of = {
        "list": "files.view",
        "retrieve": "files.view",
        "create": "files.upload",
        "from_url": "files.upload",
        "download": "files.download",
        "destroy": "files.delete",
    }
    queryset = RawDataFile._base_manager.none()
    serializer_class = RawDataFileSerializer
    filterset_class = RawDataFileFilter

    def get_parsers(self) -> list[Any]:
        if getattr(self, "action_map", {}).get("post") == "create":
            return [WholeMultiPartParser()]
        return super().get_parsers()

    def get_queryset(self) -> Any:
        return selectors.list_files()

    @extend_schema(responses=RawDataFileSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(RawDataFileSerializer(selectors.get_file(pk)).data)

    @extend_schema(request={"multipart/form-data": FileUploadSerializer}, responses={202: TaskRunSerializer})
    def create(self, request: Request) -> Response:
        """Upload a file; its task run ends with the Dataset made from it. Takes an Idempotency-Key."""
        body = FileUploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        upload: UploadedFile[Any] = body.validated_data["file"]
        with _as_path(upload) as path:
            info = files.start_ingestion(
                actor=self.principal,
                project_id=body.validated_data["project"],
                path=path,
                original_name=upload.name or "upload",
                idempotency_key=self.idempotency_key(),
            )
        return accepted(info)

    @extend_schema(request=UrlFileSerializer, responses={202: TaskRunSerializer})
    @action(detail=False, methods=["post"])
    def from_url(self, request: Request) -> Response:
        """Fetch a file from a public address or Google Sheet; the task ends with the Dataset made from it."""
        body = UrlFileSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        info = web.start_url_ingestion(
            actor=self.principal,
            project_id=body.validated_data["project"],
            url=body.validated_data["url"],
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)

    @extend_schema(responses={200: OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The original bytes."""
        row = selectors.get_file(pk)
        response = FileResponse(
            storage.local_path(row.storage_name).open("rb"),
            as_attachment=True,
            filename=row.original_name,
            content_type="application/octet-stream",
        )
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete the file. Datasets made from it stay."""
        files.delete_file(row=files.get_file(pk), actor=self.principal)
        return Response(status=204)


class _as_path:
    """A path to an upload's bytes: its temporary file, or one written for an upload kept in memory."""

    def __init__(self, upload: UploadedFile[Any]) -> None:
        self.upload = upload
        self.written: Path | None = None

    def __enter__(self) -> Path:
        if isinstance(self.upload, TemporaryUploadedFile):
            self.upload.flush()
            return Path(self.upload.temporary_file_path())
        with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, delete=False) as target:
            self.written = Path(target.name)
            for chunk in self.upload.chunks():
                target.write(chunk)
        return self.written

    def __exit__(self, *_: object) -> None:
        if self.written is not None:
            self.written.unlink(missing_ok=True)
