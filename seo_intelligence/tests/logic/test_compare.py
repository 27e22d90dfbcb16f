import pytest

from seo_intelligence.logic.compare import (
    AuditScope,
    AuditSnapshot,
    FindingKey,
    FindingState,
    ScopeMismatch,
    compare_audits,
)

SCOPE = AuditScope(host="a.example", max_pages=500)


def snapshot(visited, findings, *, checks=("t", "l", "g"), scope=SCOPE, truncated=False, version="1"):
    return AuditSnapshot(
        scope,
        frozenset(visited),
        dict.fromkeys(checks, version),
        frozenset(FindingKey(*f) for f in findings),
        truncated,
    )


def state_of(result, *key):
    return result.states[FindingKey(*key)]


def test_each_finding_gets_its_state():
    before = snapshot(["/", "/a", "/b"], [("t", "/"), ("t", "/a"), ("t", "/b")])
    after = snapshot(["/", "/a", "/c"], [("t", "/"), ("l", "/a", "/x"), ("t", "/c"), ("l", "/", "/y")])
    result = compare_audits(before, after, [FindingKey("l", "/", "/y")])
    assert state_of(result, "t", "/") is FindingState.PERSISTING
    assert state_of(result, "t", "/a") is FindingState.FIXED
    assert state_of(result, "t", "/b") is FindingState.NOT_RECHECKED
    assert state_of(result, "l", "/a", "/x") is FindingState.NEW
    assert state_of(result, "l", "/", "/y") is FindingState.REGRESSED
    assert FindingKey("t", "/c") not in result.states
    assert result.outside == 1
    assert result.counts() == dict.fromkeys(FindingState, 1)


def test_a_check_that_did_not_run_fixes_nothing():
    result = compare_audits(snapshot(["/"], [("t", "/")]), snapshot(["/"], [], checks=("l",)))
    assert state_of(result, "t", "/") is FindingState.NOT_RECHECKED


def test_a_check_with_other_thresholds_fixes_nothing_and_is_named():
    result = compare_audits(snapshot(["/"], [("t", "/")]), snapshot(["/"], [], version="2"))
    assert state_of(result, "t", "/") is FindingState.NOT_RECHECKED
    assert result.changed_checks == {"t", "l", "g"}


def test_a_site_finding_is_fixed_only_by_a_complete_crawl():
    before = snapshot(["/"], [("g", None)])
    assert state_of(compare_audits(before, snapshot(["/"], [])), "g", None) is FindingState.FIXED
    cut = snapshot(["/"], [], truncated=True)
    assert state_of(compare_audits(before, cut), "g", None) is FindingState.NOT_RECHECKED


def test_pages_missing_from_a_truncated_crawl_have_not_vanished():
    before, full, cut = snapshot(["/", "/a"], []), snapshot(["/"], []), snapshot(["/"], [], truncated=True)
    assert compare_audits(before, full).vanished == {"/a"}
    assert compare_audits(before, cut).vanished == frozenset()


def test_different_scopes_are_refused_with_the_reason():
    other = AuditScope(host="a.example", max_pages=100, exclude=("/tmp",))
    with pytest.raises(ScopeMismatch) as refused:
        compare_audits(snapshot(["/"], []), snapshot(["/"], [], scope=other))
    assert [d.setting for d in refused.value.differences] == ["exclude", "max_pages"]
    assert "max_pages: 500 -> 100" in str(refused.value)


def test_a_finding_whose_other_end_was_not_visited_again_is_not_fixed():
    before = snapshot(["/", "/copy"], [("t", "/", "/copy")])
    result = compare_audits(before, snapshot(["/"], [], truncated=True))
    assert state_of(result, "t", "/", "/copy") is FindingState.NOT_RECHECKED
