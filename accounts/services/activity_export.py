"""The activity log as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from django.db import transaction
from django.db.models import QuerySet

from accounts.logic.csv_cells import neutral_cell
from accounts.models import ActivityLog
from accounts.services.activity import record_activity
from plugzero_api.kernel.access import Principal

COLUMNS = (
    "created_at",
    "action",
    "actor_kind",
    "actor_id",
    "object_type",
    "object_id",
    "object_label",
    "before",
    "after",
    "ip_address",
    "request_id",
)


class _Line:
    """A file-like object that hands back what the CSV writer writes."""

    def write(self, text: str) -> str:
        return text


def export_activity(*, principal: Principal, entries: QuerySet[ActivityLog]) -> Iterator[str]:
    """Lines of CSV, header first; the export itself is put on record before the first."""
    with transaction.atomic():
        record_activity(
            actor=principal,
            team_id=principal.access.team_id if principal.access else None,
            action="activity.exported",
            object_type="activity_log",
        )
    return _lines(entries)


def _lines(entries: QuerySet[ActivityLog]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for entry in entries.iterator(chunk_size=1000):
        yield writer.writerow([neutral_cell(_text(getattr(entry, name))) for name in COLUMNS])


def _text(value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else ""
    return value.isoformat() if hasattr(value, "isoformat") else value
