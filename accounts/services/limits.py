"""What a team's plan allows and what it has used. Counts are raised atomically, so a limit holds under load."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.contracts import PlanLimit
from accounts.errors import PlanLimitReached
from accounts.models import Invitation, Team, TeamMembership, UsageCounter

MEMBERS = "members"
PROJECTS = "projects"
STORAGE_BYTES = "storage_bytes"
AI_CALLS = "ai_calls"
CRAWLED_PAGES = "crawled_pages"
MONTHLY = frozenset({AI_CALLS, CRAWLED_PAGES})
KEYS = (MEMBERS, PROJECTS, STORAGE_BYTES, AI_CALLS, CRAWLED_PAGES)


def _period(key: str) -> str:
    return timezone.now().strftime("%Y-%m") if key in MONTHLY else ""


def _limit_in(overrides: dict[str, int | None], key: str) -> int | None:
    if key not in KEYS:
        raise ValueError(f"{key!r} is no plan limit.")
    return overrides[key] if key in overrides else settings.PLUGZERO_PLAN_LIMITS[key]


def limit_of(*, team_id: UUID, key: str) -> int | None:
    """The team's limit; None means unlimited."""
    return _limit_in(Team.objects.values_list("limits", flat=True).get(pk=team_id), key)


def usage_of(*, team_id: UUID, key: str) -> int:
    """What the team has used: this month for monthly limits. Open invitations count as members."""
    if key == MEMBERS:
        members = TeamMembership._base_manager.filter(team_id=team_id).count()
        invited = Invitation._base_manager.filter(
            team_id=team_id,
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=timezone.now(),
        ).count()
        return members + invited
    row = UsageCounter.objects.filter(team_id=team_id, key=key, period=_period(key))
    return row.values_list("used", flat=True).first() or 0


def list_plan_limits(*, team_id: UUID) -> tuple[PlanLimit, ...]:
    overrides = Team.objects.values_list("limits", flat=True).get(pk=team_id)
    counted = {
        (key, period): used
        for key, period, used in UsageCounter.objects.filter(team_id=team_id).values_list(
            "key", "period", "used"
        )
    }
    return tuple(
        PlanLimit(
            key,
            usage_of(team_id=team_id, key=key) if key == MEMBERS else counted.get((key, _period(key)), 0),
            _limit_in(overrides, key),
        )
        for key in KEYS
    )


def _refuse(key: str, used: int, limit: int | None) -> None:
    what = key.replace("_", " ")
    raise PlanLimitReached(
        f"The plan allows {limit} {what}{' a month' if key in MONTHLY else ''}; {used} are in use.",
        limit_key=key,
        used=used,
        limit=limit,
    )


def check_plan_limit(team_id: UUID, key: str, by: int = 1) -> None:
    """Raise ``PlanLimitReached`` when ``by`` more would exceed the limit. A look ahead: it reserves nothing."""
    limit = limit_of(team_id=team_id, key=key)
    if limit is None:
        return
    used = usage_of(team_id=team_id, key=key)
    if used + by > limit:
        _refuse(key, used, limit)


def add_usage(team_id: UUID, key: str, by: int = 1, *, enforce: bool = True) -> None:
    """Count ``by`` more (negative: given back) in the caller's transaction.

    With ``enforce`` the count and the check are one statement, so parallel callers cannot pass the limit together:
    raises ``PlanLimitReached`` and counts nothing.
    """
    if key == MEMBERS:
        raise ValueError("Members are counted from the memberships.")
    limit = limit_of(team_id=team_id, key=key)
    period = _period(key)
    with transaction.atomic():
        UsageCounter.objects.bulk_create(
            [UsageCounter(team_id=team_id, key=key, period=period)], ignore_conflicts=True
        )
        rows = UsageCounter.objects.filter(team_id=team_id, key=key, period=period)
        if by > 0 and enforce and limit is not None:
            if not rows.filter(used__lte=limit - by).update(used=F("used") + by):
                _refuse(key, usage_of(team_id=team_id, key=key), limit)
        elif by < 0:
            # Never below zero: giving back more than was counted is a caller's slip, not a credit.
            if not rows.filter(used__gte=-by).update(used=F("used") + by):
                rows.update(used=0)
        else:
            rows.update(used=F("used") + by)
