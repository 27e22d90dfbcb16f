"""Writing the activity log, in the transaction of the action it tells of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.logic.chain import changed_fields, entry_hash
from accounts.models import ActivityChain, ActivityLog
from accounts.origin import current_origin
from plugzero_api.kernel import logs
from plugzero_api.kernel.access import Access, Principal

NIL = UUID(int=0)
_HASHED = (
    "id",
    "chain_id",
    "sequence",
    "team_id",
    "actor_kind",
    "actor_id",
    "api_key_id",
    "action",
    "object_type",
    "object_id",
    "object_label",
    "before",
    "after",
    "ip_address",
    "request_id",
    "created_at",
)


def record_activity(
    *,
    actor: Principal | Access | UUID | None,
    team_id: UUID | None,
    action: str,
    object_type: str = "",
    object_id: object = "",
    object_label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    account_id: UUID | None = None,
) -> None:
    """Add one entry: call it inside the transaction of the action itself.

    ``actor`` is the request's Principal (or the Access, or the user's id; None for the system); ``action`` reads
    ``<object>.<past verb>`` (``project.renamed``). ``before`` and ``after`` hold the fields of the object; equal ones
    are dropped and values of secret-looking names redacted. Client address and request id come from the request.
    Without a team the entry belongs to an account: ``account_id``'s, or the actor's own.
    """
    kind, actor_id, api_key_id = _actor(actor)
    old, new = changed_fields(before, after)
    entry = ActivityLog(
        chain_id=team_id or account_id or actor_id or NIL,
        team_id=team_id,
        actor_kind=kind,
        actor_id=actor_id,
        api_key_id=api_key_id,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        object_label="".join(char for char in object_label if char.isprintable())[:200],
        before=old,
        after=new,
        ip_address=current_origin().ip_address,
        request_id=logs.current_request_id() or "",
        created_at=timezone.now(),
    )
    with transaction.atomic():
        _append(entry)


def _append(entry: ActivityLog) -> None:
    ActivityChain.objects.bulk_create([ActivityChain(pk=entry.chain_id)], ignore_conflicts=True)
    # The head is locked until the caller's transaction ends: entries of one chain are in commit order.
    head = ActivityChain.objects.select_for_update().get(pk=entry.chain_id)
    entry.sequence = head.sequence + 1
    entry.previous_hash = head.head_hash
    entry.hash = hash_of(entry)
    ActivityLog._base_manager.bulk_create([entry])
    head.sequence, head.head_hash = entry.sequence, entry.hash
    head.save(update_fields=["sequence", "head_hash"])


def hash_of(entry: ActivityLog) -> str:
    return entry_hash(entry.previous_hash, {name: getattr(entry, name) for name in _HASHED})


def _actor(actor: Principal | Access | UUID | None) -> tuple[str, UUID | None, UUID | None]:
    if actor is None:
        return "system", None, None
    if isinstance(actor, UUID):
        return "user", actor, None
    if isinstance(actor, Access):
        return "user", actor.user_id, None
    return ("api_key" if actor.api_key_id else "user"), actor.user_id, actor.api_key_id


@dataclass(frozen=True, slots=True)
class ChainFault:
    """A place where the log is not what was written. ``sequence`` is the first entry at fault."""

    chain_id: UUID
    sequence: int
    what: str


def verify_activity_log(*, chain_id: UUID | None = None) -> Iterator[ChainFault]:
    """Recompute every chain (or one) and yield what does not fit: changed, missing or added entries."""
    chains = ActivityChain.objects.order_by("pk")
    if chain_id is not None:
        chains = chains.filter(pk=chain_id)
    known = set()
    for chain in chains:
        known.add(chain.pk)
        yield from _verify_chain(chain)
    if chain_id is None:
        orphans = (
            ActivityLog._base_manager.exclude(chain_id__in=known)
            .order_by()
            .values_list("chain_id", flat=True)
        )
        for orphan in orphans.distinct():
            yield ChainFault(orphan, 1, "entries without a chain head")


def _verify_chain(chain: ActivityChain) -> Iterator[ChainFault]:
    expected, previous = 1, ""
    for entry in ActivityLog._base_manager.filter(chain_id=chain.pk).order_by("sequence").iterator():
        if entry.sequence != expected:
            yield ChainFault(chain.pk, expected, f"entries {expected} to {entry.sequence - 1} are missing")
            expected = entry.sequence
        elif entry.previous_hash != previous:
            yield ChainFault(chain.pk, entry.sequence, "does not follow the entry before it")
        if hash_of(entry) != entry.hash:
            yield ChainFault(chain.pk, entry.sequence, "was changed after it was written")
        expected, previous = entry.sequence + 1, entry.hash
    if expected - 1 != chain.sequence:
        yield ChainFault(chain.pk, expected, f"entries {expected} to {chain.sequence} are missing")
    elif previous != chain.head_hash:
        yield ChainFault(chain.pk, chain.sequence, "the chain's head names another last entry")
