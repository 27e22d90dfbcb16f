"""Addresses of data_ingestion under /api/v1/."""

from django.urls import URLPattern, path

from data_ingestion.views.datasets import DatasetViewSet
from data_ingestion.views.files import RawDataFileViewSet
from data_ingestion.views.projects import ProjectViewSet

_detail = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

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
        "datasets/<uuid:pk>/versions/", DatasetViewSet.as_view({"get": "versions"}), name="dataset-versions"
    ),
]
