"""What may leave seo_intelligence: frozen values. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditRef:
    """A site audit as other micro-apps need it. `score` is 0-100, None when nothing could be rated."""

    audit_id: UUID
    project_id: UUID
    target_url: str
    status: str
    score: Decimal | None
    pages_crawled: int
    dataset_id: UUID | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StartedAudit:
    """A started audit with the id of the task that carries it out."""

    audit_id: UUID
    task_id: UUID


@dataclass(frozen=True, slots=True)
class FixRef:
    """One thing to fix, in the order of severity; `points` is what it costs the score."""

    check_id: str
    title: str
    severity: str
    how_to_fix: str
    subject: str
    pages: int
    points: Decimal
