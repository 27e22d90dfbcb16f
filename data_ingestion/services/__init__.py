"""THE DOOR of data_ingestion: the only module other micro-apps import.

Ids, scalars, contracts and paths cross it; rows and querysets never do. All functions work inside the caller's
team scope where they touch team-owned rows.
"""

from data_ingestion.contracts import ColumnSchema, DatasetHandle, DatasetRef, ProjectRef
from data_ingestion.services.datasets import (
    append_to_dataset,
    open_dataset,
    publish_table,
)
from data_ingestion.services.projects import create_project, get_project

__all__ = [
    "ColumnSchema",
    "DatasetHandle",
    "DatasetRef",
    "ProjectRef",
    "append_to_dataset",
    "create_project",
    "get_project",
    "open_dataset",
    "publish_table",
]
