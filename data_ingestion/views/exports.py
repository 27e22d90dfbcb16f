"""``/api/v1/exports/``: files written from Datasets."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from data_ingestion.adapters import storage
from data_ingestion.services import exports
from plugzero_api.kernel.api.views import PlatformView


class ExportDownloadView(PlatformView):
    """A written export; kept for a week."""

    permission_of = {"get": "datasets.export"}

    @extend_schema(responses={200: OpenApiTypes.BINARY}, operation_id="exports_download")
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        export = exports.get_export(pk)
        response = FileResponse(
            storage.local_path(export.storage_name).open("rb"),
            as_attachment=True,
            filename=export.file_name,
            content_type="application/octet-stream",
        )
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cache-Control"] = "no-store"
        return response
