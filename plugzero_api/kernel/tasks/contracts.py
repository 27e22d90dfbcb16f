"""What leaves the task kernel: plain values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ResultRef:
    """Where the result of a run is: large results stay where they are and are named, not copied."""

    type: str
    id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class TaskRunInfo:
    """A started run as its caller needs it."""

    task_id: UUID
    kind: str
    state: str
    created_at: datetime
    replayed: bool = False
