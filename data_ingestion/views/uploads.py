"""``/api/v1/uploads/``: resumable uploads for large files."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from data_ingestion.models import Upload
from data_ingestion.serializers import UploadCreateSerializer, UploadSerializer
from data_ingestion.services import files, uploads
from plugzero_api.kernel.api.views import PlatformViewSet, accepted
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer

CHUNK_TYPE = "application/octet-stream"


class ChunkParser(BaseParser):
    """Hands the raw stream through: a chunk is never held in memory as a whole."""

    media_type = CHUNK_TYPE

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class UploadViewSet(PlatformViewSet):
    """Create an upload, send chunks at its offset, complete it. A broken connection goes on from the offset."""

    permission_of = {
        "create": "files.upload",
        "retrieve": "files.upload",
        "partial_update": "files.upload",
        "complete": "files.upload",
        "destroy": "files.upload",
    }
    queryset = Upload._base_manager.none()
    serializer_class = UploadSerializer

    def get_parsers(self) -> list[Any]:
        if self.request is not None and self.request.method == "PATCH":
            return [ChunkParser()]
        return super().get_parsers()

    @extend_schema(request=UploadCreateSerializer, responses={201: UploadSerializer})
    def create(self, request: Request) -> Response:
        """Begin an upload of a file of known size."""
        body = UploadCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        upload = uploads.create_upload(
            actor=self.principal,
            project_id=body.validated_data["project"],
            name=body.validated_data["name"],
            size=body.validated_data["size"],
        )
        return Response(UploadSerializer(upload).data, status=201)

    @extend_schema(responses=UploadSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """Where the upload stands."""
        return Response(UploadSerializer(uploads.get_upload(pk)).data)

    @extend_schema(
        request={CHUNK_TYPE: OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter(
                "Upload-Offset",
                int,
                OpenApiParameter.HEADER,
                required=True,
                description="Where this chunk starts.",
            )
        ],
        responses=UploadSerializer,
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Send the next chunk."""
        upload = uploads.get_upload(pk)
        raw = request.headers.get("Upload-Offset", "")
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):
            message = "The Upload-Offset header must say where the chunk starts."
            raise InvalidInput(message, errors=[FieldError("/Upload-Offset", "invalid", message)])
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        stream = cast(BinaryIO, request.data if length else request._request)
        upload = uploads.append_chunk(upload=upload, offset=int(raw), stream=stream, length=length)
        return Response(UploadSerializer(upload).data)

    @extend_schema(request=None, responses={202: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: UUID) -> Response:
        """All bytes have arrived: keep the file and start its ingestion."""
        info = files.finish_upload(
            team_id=self.access.team_id,
            actor=self.principal,
            upload_id=pk,
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Give the upload up."""
        uploads.forget_upload(uploads.get_upload(pk))
        return Response(status=204)
