"""Check settings of a project: thresholds that differ from the defaults, and checks that are switched off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError
from seo_intelligence.errors import CheckNotFound, CheckSettingInvalid
from seo_intelligence.logic.checks.registry import CheckSpec, all_checks
from seo_intelligence.models import CheckSettingsRow


def get_check(check_id: str) -> CheckSpec:
    """Raises ``CheckNotFound``."""
    spec = all_checks().get(check_id)
    if spec is None:
        raise CheckNotFound(f"There is no check '{check_id[:60]}'.")
    return spec


def find_settings(project_id: UUID) -> CheckSettingsRow | None:
    return CheckSettingsRow.find(project_id=project_id)


def get_settings(*, project_id: UUID) -> CheckSettingsRow:
    """The project's settings, unsaved and empty when it has none. Raises ``ProjectNotFound``."""
    ingestion.get_project(project_id=project_id)
    return find_settings(project_id) or CheckSettingsRow(project_id=project_id)


def check_thresholds(thresholds: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The thresholds with the types of their defaults. Raises ``CheckSettingInvalid`` naming each fault."""
    known = all_checks()
    faults: list[FieldError] = []
    checked: dict[str, dict[str, Any]] = {}
    for check_id, values in thresholds.items():
        spec = known.get(check_id)
        if spec is None or not isinstance(values, Mapping):
            faults.append(FieldError(f"/thresholds/{check_id}", "unknown_check", "There is no such check."))
            continue
        for name, value in values.items():
            pointer = f"/thresholds/{check_id}/{name}"
            default = spec.thresholds.get(name)
            if default is None:
                known_names = ", ".join(sorted(spec.thresholds)) or "none"
                faults.append(FieldError(pointer, "unknown_threshold", f"Known here: {known_names}."))
            elif not _fits(value, default):
                faults.append(
                    FieldError(pointer, "invalid", f"It must be like the default, which is {default!r}.")
                )
            else:
                checked.setdefault(check_id, {})[name] = value
    if faults:
        raise CheckSettingInvalid("A check setting has no meaning.", errors=faults[:50])
    return checked


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float)) and 0 <= value <= 1e12
    if isinstance(default, tuple):
        return isinstance(value, list) and len(value) <= 500 and all(isinstance(v, str) for v in value)
    return isinstance(value, str) and len(value) <= 500


def update_settings(
    *,
    team_id: UUID,
    actor: Principal,
    project_id: UUID,
    thresholds: Mapping[str, Mapping[str, Any]],
    disabled: Sequence[str],
) -> CheckSettingsRow:
    """Replace the project's settings. Raises ``ProjectNotFound`` or ``CheckSettingInvalid``."""
    ingestion.get_project(project_id=project_id)
    unknown = [check_id for check_id in disabled if check_id not in all_checks()]
    if unknown:
        raise CheckSettingInvalid(
            errors=[
                FieldError("/disabled", "unknown_check", f"There is no check '{c[:60]}'.")
                for c in unknown[:50]
            ]
        )
    values = {"thresholds": check_thresholds(thresholds), "disabled": sorted(set(disabled))}
    with transaction.atomic():
        row = find_settings(project_id)
        before = {"thresholds": row.thresholds, "disabled": row.disabled} if row else {}
        row, _ = CheckSettingsRow.objects.update_or_create(
            project_id=project_id, defaults=values, create_defaults={**values, "team_id": team_id}
        )
        accounts.record_activity(
            actor=actor,
            team_id=team_id,
            action="check_settings.updated",
            object_type="check_settings",
            object_id=row.pk,
            before=before,
            after=values,
        )
    return row


def applied(project_id: UUID) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    """Thresholds and switched-off checks as an audit applies them; settings of checks that are gone are dropped."""
    row = find_settings(project_id)
    if row is None:
        return {}, frozenset()
    known = all_checks()
    thresholds: dict[str, dict[str, Any]] = {}
    for check_id, values in row.thresholds.items():
        spec = known.get(check_id)
        if spec is None:
            continue
        own = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in spec.thresholds and _fits(value, spec.thresholds[name])
        }
        if own:
            thresholds[check_id] = own
    return thresholds, frozenset(row.disabled) & known.keys()


def fingerprints(thresholds: Mapping[str, Mapping[str, Any]], disabled: frozenset[str]) -> dict[str, str]:
    """Each check that runs with a hash of the thresholds it runs with."""
    return {
        check_id: hashlib.sha256(
            json.dumps(
                {**spec.thresholds, **thresholds.get(check_id, {})}, sort_keys=True, default=list
            ).encode()
        ).hexdigest()[:12]
        for check_id, spec in all_checks().items()
        if check_id not in disabled
    }
