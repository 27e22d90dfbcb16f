"""Addresses of data_ingestion under /api/v1/."""

from typing import Any

from django.urls import URLPattern, path

from data_ingestion.views.datasets import DatasetViewSet, StepKindListView
from data_ingestion.views.exports import ExportDownloadView
from data_ingestion.views.files import RawDataFileViewSet
from data_ingestion.views.projects import ProjectViewSet
from data_ingestion.views.uploads import UploadViewSet

_detail: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns: list[URLPattern] = [
    path("projects/", ProjectViewSet.as_view({"get": "list", "post": "create"}), name="project-list"),
    path("projects/<uuid:pk>/", ProjectViewSet.as_view(_detail), name="project-detail"),
    path("files/", RawDataFileViewSet.as_view({"get": "list", "post": "create"}), name="file-list"),
    path(
        "files/<uuid:pk>/",
        RawDataFileViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="file-detail",
    ),
    path("files/<uuid:pk>/download/", RawDataFileViewSet.as_view({"get": "download"}), name="file-download"),
    path("datasets/", DatasetViewSet.as_view({"get": "list"}), name="dataset-list"),
    path("datasets/<uuid:pk>/", DatasetViewSet.as_view(_detail), name="dataset-detail"),
    path("datasets/<uuid:pk>/profile/", DatasetViewSet.as_view({"get": "profile"}), name="dataset-profile"),
    path(
        "datasets/<uuid:pk>/versions/",
        DatasetViewSet.as_view({"get": "versions"}, pagination_class=None, filterset_class=None),
        name="dataset-versions",
    ),
    path("files/from-url/", RawDataFileViewSet.as_view({"post": "from_url"}), name="file-from-url"),
    path("uploads/", UploadViewSet.as_view({"post": "create"}), name="upload-list"),
    path("uploads/<uuid:pk>/", UploadViewSet.as_view(_detail), name="upload-detail"),
    path("uploads/<uuid:pk>/complete/", UploadViewSet.as_view({"post": "complete"}), name="upload-complete"),
    path("datasets/steps/", StepKindListView.as_view(), name="dataset-steps"),
    path("datasets/unite/", DatasetViewSet.as_view({"post": "unite"}), name="dataset-unite"),
    path("datasets/<uuid:pk>/preview/", DatasetViewSet.as_view({"get": "preview"}), name="dataset-preview"),
    path("datasets/<uuid:pk>/rejects/", DatasetViewSet.as_view({"get": "rejects"}), name="dataset-rejects"),
    path("datasets/<uuid:pk>/compare/", DatasetViewSet.as_view({"get": "compare"}), name="dataset-compare"),
    path(
        "datasets/<uuid:pk>/recipe/",
        DatasetViewSet.as_view({"get": "recipe", "put": "save_recipe"}),
        name="dataset-recipe",
    ),
    path(
        "datasets/<uuid:pk>/recipe/apply/",
        DatasetViewSet.as_view({"post": "apply_recipe"}),
        name="dataset-recipe-apply",
    ),
    path(
        "datasets/<uuid:pk>/undo-repairs/",
        DatasetViewSet.as_view({"post": "undo_repairs"}),
        name="dataset-undo-repairs",
    ),
    path("datasets/<uuid:pk>/restore/", DatasetViewSet.as_view({"post": "restore"}), name="dataset-restore"),
    path("datasets/<uuid:pk>/export/", DatasetViewSet.as_view({"post": "export"}), name="dataset-export"),
    path("exports/<uuid:pk>/download/", ExportDownloadView.as_view(), name="export-download"),
]
