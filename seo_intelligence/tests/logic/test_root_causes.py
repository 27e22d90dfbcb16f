from hypothesis import given
from hypothesis import strategies as st

from seo_intelligence.logic.page import Finding, Severity
from seo_intelligence.logic.root_causes import CauseKind, fixes_summary, group_findings


def found(check_id, url, severity=Severity.WARNING, value=None, target=None):
    return Finding(check_id, url, severity, {}, value=value, target=target)


def test_hundreds_of_pages_come_down_to_four_fixes():
    products = [f"/p/{n}" for n in range(200)]
    posts = [f"/blog/{n}" for n in range(118)]
    templates = dict.fromkeys(products, "/p/{number}") | dict.fromkeys(posts, "/blog/{number}")
    findings = (
        [found("links.broken", u, Severity.ERROR, target="/old") for u in products + posts]
        + [found("desc.missing", u) for u in products]
        + [found("title.dup", u, value="Blog") for u in posts]
        + [found("robots.missing", None, Severity.NOTICE)]
    )
    causes = group_findings(findings, templates)
    assert [(c.check_id, c.kind, c.pages) for c in causes] == [
        ("links.broken", CauseKind.SHARED_TARGET, 318),
        ("desc.missing", CauseKind.TEMPLATE, 200),
        ("title.dup", CauseKind.SHARED_VALUE, 118),
        ("robots.missing", CauseKind.SITE, 0),
    ]
    assert fixes_summary(causes, findings) == (318, 4)


def test_a_defect_on_a_minority_of_a_template_stays_with_its_pages():
    templates = {f"/p/{n}": "/p/{number}" for n in range(20)}
    findings = [found("thin", f"/p/{n}") for n in range(4)]
    (cause,) = group_findings(findings, templates)
    assert cause.kind is CauseKind.PAGE
    assert fixes_summary([cause], findings) == (4, 4)


def test_a_target_seen_from_one_page_only_is_not_shared():
    (cause,) = group_findings([found("broken", "/a", target="/x"), found("broken", "/a", target="/y")], {})
    assert cause.kind is CauseKind.PAGE
    assert cause.pages == 1


def test_the_key_of_a_cause_survives_a_change_of_the_affected_pages():
    before = group_findings([found("b", "/1", target="/x"), found("b", "/2", target="/x")], {})
    after = group_findings([found("b", "/2", target="/x"), found("b", "/3", target="/x")], {})
    assert before[0].key == after[0].key


@given(
    st.lists(
        st.builds(
            found,
            st.sampled_from(["a", "b"]),
            st.sampled_from([None, "/1", "/2", "/3", "/4"]),
            st.sampled_from(list(Severity)),
            st.sampled_from([None, "v"]),
            st.sampled_from([None, "/t"]),
        ),
        max_size=30,
    )
)
def test_every_finding_belongs_to_exactly_one_cause(findings):
    causes = group_findings(findings, {f"/{n}": "/{number}" for n in range(1, 5)})
    assert sorted(i for c in causes for i in c.findings) == list(range(len(findings)))
