"""Names of stored objects: the team's id comes first, so teams cannot share or reach each other's."""

from __future__ import annotations

import pytest

from data_ingestion.adapters import storage
from plugzero_api.kernel.ids import uuid7

SHA256 = "ab" * 32


def test_equal_bytes_of_two_teams_are_two_objects() -> None:
    ours, theirs, dataset = uuid7(), uuid7(), uuid7()
    for team in (ours, theirs):
        assert storage.raw_name(team, SHA256).startswith(f"teams/{team}/")
        assert storage.dataset_name(team, dataset, SHA256).startswith(f"teams/{team}/")
    assert storage.raw_name(ours, SHA256) != storage.raw_name(theirs, SHA256)
    assert storage.dataset_name(ours, dataset, SHA256) != storage.dataset_name(theirs, dataset, SHA256)


@pytest.mark.parametrize("name", ["raw_name", "dataset_name"])
def test_names_are_made_by_the_server_from_ids_and_hashes_only(name: str) -> None:
    """No part of an uploaded file's own name can reach the path: the functions do not take one."""
    taken = set(getattr(storage, name).__annotations__) - {"return"}
    assert taken <= {"team_id", "sha256", "dataset_id", "version_hash", "kind"}
