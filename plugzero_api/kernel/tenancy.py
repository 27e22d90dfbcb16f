"""Team ownership that fails closed.

Every row of a team-owned model is reached through ``objects``, which refuses to build a query outside a
``team_scope``. A scope may also be limited to some resources of the team (a member who sees only some
projects); models say by ``restriction_field`` which of their columns that limit applies to.
System code that must see all teams (the reaper, staff admin, migrations) says so with ``every_team(reason)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models

from plugzero_api.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class TeamScope:
    """The team a piece of work belongs to. ``restricted_to`` None means all resources of the team."""

    team_id: UUID | None
    restricted_to: frozenset[UUID] | None = None
    reason: str = ""

    @property
    def covers_every_team(self) -> bool:
        return self.team_id is None


class TeamScopeMissing(RuntimeError):
    """A team-owned model was touched outside a team scope: a bug, never a user's fault."""


_scope: ContextVar[TeamScope | None] = ContextVar("team_scope", default=None)


def current_scope() -> TeamScope | None:
    return _scope.get()


def require_scope() -> TeamScope:
    scope = _scope.get()
    if scope is None:
        raise TeamScopeMissing("Team-owned data was touched outside team_scope().")
    return scope


@contextmanager
def team_scope(team_id: UUID, *, restricted_to: frozenset[UUID] | None = None) -> Iterator[TeamScope]:
    """Work on one team's rows. Nesting into another team is refused; re-entering the same team is fine."""
    outer = _scope.get()
    if outer is not None and not outer.covers_every_team and outer.team_id != team_id:
        raise TeamScopeMissing("A team scope cannot be opened inside another team's scope.")
    if outer is not None and restricted_to is None:
        restricted_to = outer.restricted_to
    token = _scope.set(TeamScope(team_id=team_id, restricted_to=restricted_to))
    try:
        yield require_scope()
    finally:
        _scope.reset(token)


@contextmanager
def every_team(reason: str) -> Iterator[None]:
    """Work across teams. ``reason`` is for the reader and for audits of this call's uses."""
    if not reason:
        raise ValueError("every_team() needs a reason.")
    token = _scope.set(TeamScope(team_id=None, reason=reason))
    try:
        yield
    finally:
        _scope.reset(token)


M = TypeVar("M", bound=models.Model)


class TeamQuerySet(models.QuerySet[M]):
    def create(self, **kwargs: Any) -> M:
        return super().create(**_with_team(self.model, kwargs))

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        objs = list(objs)
        for obj in objs:
            _check_team(obj)
        return super().bulk_create(objs, *args, **kwargs)


class TeamManager(models.Manager.from_queryset(TeamQuerySet)):  # type: ignore[misc]
    """Manager that adds the team (and the scope's restriction) to every query and raises outside a scope."""

    def get_queryset(self) -> TeamQuerySet[Any]:
        scope = require_scope()
        queryset: TeamQuerySet[Any] = super().get_queryset()
        if scope.covers_every_team:
            return queryset
        queryset = queryset.filter(team_id=scope.team_id)
        field = getattr(self.model, "restriction_field", None)
        if field and scope.restricted_to is not None:
            queryset = queryset.filter(**{f"{field}__in": scope.restricted_to})
        return queryset

    def none(self) -> TeamQuerySet[Any]:
        """Nothing needs no scope: class-level ``queryset`` attributes and the schema generator ask for it."""
        queryset: TeamQuerySet[Any] = super().get_queryset().none()
        return queryset


def _with_team(model: type[models.Model], kwargs: dict[str, Any]) -> dict[str, Any]:
    scope = require_scope()
    if not scope.covers_every_team and "team" not in kwargs and "team_id" not in kwargs:
        kwargs = {**kwargs, "team_id": scope.team_id}
    return kwargs


def _check_team(obj: Any) -> None:
    scope = require_scope()
    if scope.covers_every_team:
        return
    if obj.team_id is None:
        obj.team_id = scope.team_id
    if obj.team_id != scope.team_id:
        raise TeamScopeMissing(f"A {type(obj).__name__} of another team cannot be written in this scope.")


class TeamOwnedModel(models.Model):
    """Abstract base of every row that belongs to a team."""

    restriction_field: ClassVar[str | None] = None

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(settings.PLUGZERO_TEAM_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TeamManager] = TeamManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        _check_team(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _check_team(self)
        return super().delete(*args, **kwargs)

    @classmethod
    def find(cls, **lookup: Any) -> Self | None:
        """The one row of the current scope that matches, or None."""
        return cls.objects.filter(**lookup).first()


def existing_restrictions(ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of ``ids`` name rows of the current scope that a member can be restricted to.

    Those models say so by being restricted by their own key (``restriction_field = "id"``).
    """
    wanted = set(ids)
    found: set[UUID] = set()
    for model in apps.get_models():
        if issubclass(model, TeamOwnedModel) and model.restriction_field in {"id", "pk"}:
            found.update(model.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return frozenset(found)
