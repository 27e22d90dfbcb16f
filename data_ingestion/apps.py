"""Projects, files, datasets: the hubs of ownership and of data."""

from datetime import timedelta

from plugzero_api.kernel.plugins import (
    ADMINS,
    CONTRIBUTORS,
    EVERYONE,
    Manifest,
    MicroAppConfig,
    NavigationItem,
    Permission,
    Schedule,
)


class DataIngestionConfig(MicroAppConfig):
    name = "data_ingestion"
    manifest = Manifest(
        slug="data_ingestion",
        title="Data",
        description="Projects, files and the clean datasets made from them.",
        url_prefixes=("projects", "files", "uploads", "datasets", "exports"),
        requires=("accounts",),
        foundation=True,
        permissions=(
            Permission("projects.view", "See projects", EVERYONE),
            Permission("projects.create", "Create projects", CONTRIBUTORS),
            Permission("projects.update", "Rename and archive projects", CONTRIBUTORS),
            Permission("projects.delete", "Delete projects with all their data", ADMINS),
            Permission("files.view", "See uploaded files", EVERYONE),
            Permission("files.upload", "Upload files", CONTRIBUTORS),
            Permission("files.download", "Download original files", CONTRIBUTORS),
            Permission("files.delete", "Delete files", CONTRIBUTORS),
            Permission("datasets.view", "See datasets, their profiles and rows", EVERYONE),
            Permission("datasets.update", "Rename and clean datasets", CONTRIBUTORS),
            Permission("datasets.export", "Export datasets", CONTRIBUTORS),
            Permission("datasets.delete", "Delete datasets", CONTRIBUTORS),
        ),
        tasks=(
            "data_ingestion.ingest_file",
            "data_ingestion.ingest_url",
            "data_ingestion.apply_recipe",
            "data_ingestion.undo_repairs",
            "data_ingestion.unite_datasets",
            "data_ingestion.export_dataset",
            "data_ingestion.remove_orphans",
        ),
        schedules=(
            Schedule(
                "data_ingestion.remove_orphans", "data_ingestion.remove_orphans", every=timedelta(hours=6)
            ),
        ),
        navigation=(
            NavigationItem("projects", "Projects", "/projects", "folder", "projects.view", order=10),
            NavigationItem("data", "Data", "/data", "table", "datasets.view", order=20),
        ),
    )
