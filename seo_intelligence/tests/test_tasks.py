"""Audits carried out against a real local site by the real crawl process."""

from __future__ import annotations

import gzip
import json
import re
import ssl
from decimal import Decimal
from typing import Any

import pytest
import trustme

from plugzero_api.kernel import tasks
from plugzero_api.kernel.models import TaskRun
from seo_intelligence.models import AuditedPage, AuditStatus, IssueCause, PageIssue, SiteAudit
from seo_intelligence.services import audits, crawling, running
from seo_intelligence.tests.local_site import LocalSite, html, shop

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = {"Content-Type": "text/plain"}


def issues_of(owner: Any, audit_id: str) -> set[tuple[str, str, str]]:
    with owner.scope():
        rows = PageIssue.objects.filter(audit_id=audit_id)
        return {(row.check_id, row.url, row.target) for row in rows}


def checks_of(owner: Any, audit_id: str) -> set[str]:
    return {check_id for check_id, _, _ in issues_of(owner, audit_id)}


def test_an_audit_crawls_checks_scores_and_publishes(site: LocalSite, audit_site: Any, owner: Any) -> None:
    audit = audit_site(site.url)
    assert (audit["audit_status"], audit["end_reason"], audit["caps"]) == ("COMPLETED", "finished", [])
    assert (audit["pages_crawled"], audit["indexable_pages"]) == (12, 11)
    run = audit["run"]
    assert (run.state, run.result_type, run.result_id) == ("SUCCESS", "site_audit", audit["id"])
    found = issues_of(owner, audit["id"])
    assert ("ln.broken_int", f"{site.url}about", f"{site.url}gone") in found
    assert ("md.missing", f"{site.url}product/3", "") in found
    assert ("md.missing", f"{site.url}about", "") not in found
    with owner.scope():
        causes = {c.check_id: c for c in IssueCause.objects.filter(audit_id=audit["id"])}
        assert (causes["ln.broken_int"].cause_kind, causes["ln.broken_int"].pages_count) == (
            "shared_target",
            11,
        )
        assert (causes["md.missing"].cause_kind, causes["md.missing"].subject) == (
            "template",
            "/product/{number}",
        )
        points = sum((c.points for c in IssueCause.objects.filter(audit_id=audit["id"])), Decimal(0))
        stored = SiteAudit.objects.get(pk=audit["id"])
        assert stored.score is not None and points == 100 - stored.score
        page = AuditedPage.objects.get(audit_id=audit["id"], url=f"{site.url}shop")
        assert (page.depth, page.inlinks, page.status, page.word_count > 200) == (1, 9, 200, True)
        assert page.pagerank > 0 and page.template == "/shop"
    dataset = owner.client.get(f"datasets/{audit['dataset_id']}/").json()
    assert dataset["row_count"] == 12
    assert not crawling.crawl_folder(stored).exists()


def test_an_unchanged_site_gives_the_same_issues_and_the_same_score(
    site: LocalSite, audit_site: Any, owner: Any
) -> None:
    first, second = audit_site(site.url), audit_site(site.url)
    assert issues_of(owner, first["id"]) == issues_of(owner, second["id"])
    assert first["score"] == second["score"]
    assert second["previous"] == first["id"]
    assert second["state_counts"]["persisting"] == len(issues_of(owner, second["id"]))
    assert sum(second["state_counts"].values()) == second["state_counts"]["persisting"]


def test_states_follow_what_is_repaired_broken_and_broken_again(
    site: LocalSite, audit_site: Any, owner: Any
) -> None:
    good = site.pages["/about"]
    bad = re.sub(rb'<meta name="description"[^>]*>', b"", good)
    audit_site(site.url)
    site.pages["/about"] = bad
    broken = audit_site(site.url)
    site.pages["/about"] = good
    repaired = audit_site(site.url)
    site.pages["/about"] = bad
    again = audit_site(site.url)

    def state(audit: dict[str, Any]) -> str:
        with owner.scope():
            issue = PageIssue.objects.filter(
                audit_id=audit["id"], check_id="md.missing", url=f"{site.url}about"
            ).first()
        return issue.state if issue else "none"

    assert [state(broken), state(repaired), state(again)] == ["new", "none", "regressed"]
    diff = owner.client.get(f"seo/audits/{repaired['id']}/diff/?with={broken['id']}&state=fixed").json()
    assert {(f["check_id"], f["url"]) for f in diff["findings"]} >= {("md.missing", f"{site.url}about")}
    assert diff["score_change"] > 0


def test_audits_of_different_scope_are_not_compared(site: LocalSite, audit_site: Any, owner: Any) -> None:
    first = audit_site(site.url)
    second = audit_site(site.url, exclude_patterns=["/product/"])
    assert second["previous"] is None
    refused = owner.client.get(f"seo/audits/{second['id']}/diff/?with={first['id']}")
    assert refused.status_code == 409
    assert refused.json()["code"] == "audit_scopes_differ"
    assert refused.json()["errors"][0]["pointer"] == "/exclude"


def test_a_truncated_audit_says_so_gives_an_interval_and_can_be_continued(
    site: LocalSite, audit_site: Any, owner: Any, run_task: Any
) -> None:
    audit = audit_site(site.url, max_pages=4)
    assert (audit["caps"], audit["is_resumable"], audit["pages_crawled"]) == (["pages"], True, 4)
    assert audit["pages_unvisited"] > 0
    assert audit["score_low"] <= audit["score"] <= audit["score_high"]
    assert audit["score_low"] < audit["score_high"]
    with owner.scope():
        absent = PageIssue.objects.filter(audit_id=audit["id"], is_proven=False)
        assert all(issue.check_id for issue in absent)
    asked = len(site.requests)
    started = owner.client.post(f"seo/audits/{audit['id']}/resume/", {"max_pages": 100})
    assert started.status_code == 202, started.content
    assert run_task(started.json()["task_id"]).state == "SUCCESS"
    resumed = owner.client.get(f"seo/audits/{audit['id']}/").json()
    assert (resumed["pages_crawled"], resumed["caps"], resumed["is_resumable"]) == (12, [], False)
    assert site.requests[asked:].count("/about") <= 1
    again = owner.client.post(f"seo/audits/{audit['id']}/resume/", {})
    assert (again.status_code, again.json()["code"]) == (409, "audit_not_resumable")


def test_a_killed_worker_loses_nothing(
    site: LocalSite, owner: Any, project: Any, run_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt dies between crawl and checks; the second finds all pages in the spool."""
    started = owner.client.post(
        "seo/audits/", {"project": str(project), "target_url": site.url, "owner_permits_speed": True}
    )
    task_id = started.json()["task_id"]

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(running, "_finish", die)
        with pytest.raises(Killed):
            run_task(task_id)
    TaskRun._base_manager.filter(pk=task_id).update(state="PENDING", lease_until=None)
    pages_asked = [path for path in site.requests if path.startswith("/product/")]
    assert run_task(task_id).state == "SUCCESS"
    assert [path for path in site.requests if path.startswith("/product/")] == pages_asked
    audit = owner.client.get("seo/audits/").json()["results"][0]
    assert (audit["pages_crawled"], audit["errors_count"] > 0) == (12, True)


def test_a_running_audit_can_be_cancelled_and_goes_on_later(
    site: LocalSite, owner: Any, project: Any, run_task: Any
) -> None:
    audit_id = ""

    def cancel_on_the_way(path: str) -> bytes:
        with owner.scope():
            audits.tasks.cancel(task_id=SiteAudit.objects.get(pk=audit_id).task_id)
        return shop_page

    shop_page = site.pages["/shop"]
    site.pages["/shop"] = cancel_on_the_way
    started = owner.client.post("seo/audits/", {"project": str(project), "target_url": site.url})
    audit_id = owner.client.get("seo/audits/").json()["results"][0]["id"]
    run = run_task(started.json()["task_id"])
    assert run.state == "REVOKED"
    audit = owner.client.get(f"seo/audits/{audit_id}/").json()
    assert (audit["audit_status"], audit["is_resumable"]) == ("CANCELLED", True)
    site.pages["/shop"] = shop_page
    resumed = owner.client.post(f"seo/audits/{audit_id}/resume/", {})
    assert run_task(resumed.json()["task_id"]).state == "SUCCESS"
    assert owner.client.get(f"seo/audits/{audit_id}/").json()["pages_crawled"] == 12


def test_cancelling_a_waiting_audit_ends_it_at_once(site: LocalSite, owner: Any, project: Any) -> None:
    owner.client.post("seo/audits/", {"project": str(project), "target_url": site.url})
    audit_id = owner.client.get("seo/audits/").json()["results"][0]["id"]
    assert owner.client.post(f"seo/audits/{audit_id}/cancel/").json()["audit_status"] == "CANCELLED"
    refused = owner.client.post(f"seo/audits/{audit_id}/cancel/")
    assert (refused.status_code, refused.json()["code"]) == (409, "audit_not_cancellable")


def test_a_site_closed_by_robots_ends_with_that_finding(site: LocalSite, audit_site: Any, owner: Any) -> None:
    site.pages["/robots.txt"] = (200, TEXT, b"User-agent: *\nDisallow: /\n")
    audit = audit_site(site.url)
    assert audit["audit_status"] == "COMPLETED"
    assert (audit["score"], audit["score_reason"]) == (None, "no_indexable_pages")
    assert "robots.block_all" in checks_of(owner, audit["id"])


def test_a_site_that_does_not_answer_is_an_error_with_advice(audit_site: Any, site: LocalSite) -> None:
    site.close()
    audit = audit_site(site.url)
    run = audit["run"]
    assert (audit["audit_status"], audit["error_code"], run.error_code) == (
        "FAILED",
        "site_unreachable",
        "site_unreachable",
    )
    assert "Check the address" in audit["error_detail"]


@pytest.mark.parametrize("url", ["http://10.1.2.3/", "http://169.254.169.254/latest/"])
def test_private_addresses_are_refused(site: LocalSite, audit_site: Any, url: str) -> None:
    audit = audit_site(url)
    assert audit["audit_status"] == "FAILED"
    assert audit["error_code"] in {"host_not_public", "url_not_allowed"}
    assert site.requests == []


def test_a_redirect_loop_and_a_server_error_are_findings(
    site: LocalSite, audit_site: Any, owner: Any
) -> None:
    site.pages["/"] = html(
        "The little shop of useful things",
        '<a href="/a">A</a><a href="/boom">Boom</a><a href="/shop">Shop</a>',
    )
    site.pages["/a"] = (302, {"Location": "/b"}, b"")
    site.pages["/b"] = (302, {"Location": "/a"}, b"")
    site.pages["/boom"] = (500, {"Content-Type": "text/html"}, b"<html>broken</html>")
    audit = audit_site(site.url)
    assert {"redir.loop", "http.5xx"} <= checks_of(owner, audit["id"])


def test_an_endless_calendar_is_noticed_and_does_not_eat_the_audit(
    site: LocalSite, audit_site: Any, owner: Any
) -> None:
    def calendar(path: str) -> tuple[int, dict[str, str], bytes] | None:
        if not path.startswith("/calendar?day="):
            return None
        day = int(path.rpartition("=")[2])
        links = f'<a href="/calendar?day={day + 1}">Next</a><a href="/calendar?day={day + 2}">After</a>'
        return 200, {"Content-Type": "text/html"}, html(f"Calendar of day {day}", links)

    site.fallback = calendar
    site.pages["/"] = html("The little shop of useful things", '<a href="/calendar?day=1">Calendar</a>')
    audit = audit_site(site.url, max_pages=2_000, max_seconds=60)
    assert audit["audit_status"] == "COMPLETED"
    assert audit["pages_crawled"] < 400
    assert any(reason.startswith("trap") for reason in audit["pages_skipped"]) or audit["caps"]


def test_hostile_pages_become_findings_and_not_failures(site: LocalSite, audit_site: Any) -> None:
    site.pages["/"] = html(
        "The little shop of useful things",
        "".join(f'<a href="/{name}">{name}</a>' for name in ("big", "deep", "bytes", "nul", "bomb", "shop")),
    )
    site.pages["/big"] = html("A very long page", "<p>" + "word " * 2_200_000)
    site.pages["/deep"] = html("A page with many nodes", "<i>x</i>" * 100_000)
    site.pages["/bytes"] = (
        200,
        {"Content-Type": "text/html; charset=utf-8"},
        b"<html><title>\xff\xfe\x80 broken \xc3</title>",
    )
    site.pages["/nul"] = (
        200,
        {"Content-Type": "text/html"},
        b"<html><title>nul \x00 here</title><h1>a\x00b</h1></html>",
    )
    bomb = gzip.compress(b"<html>" + b"0" * 30_000_000)
    site.pages["/bomb"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, bomb)
    audit = audit_site(site.url)
    assert (audit["audit_status"], audit["end_reason"]) == ("COMPLETED", "finished")


def test_a_sitemap_bomb_and_an_index_loop_are_findings(site: LocalSite, audit_site: Any, owner: Any) -> None:
    namespace = b'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    loop = b"<sitemapindex %s><sitemap><loc>%sloop.xml</loc></sitemap></sitemapindex>" % (
        namespace,
        site.url.encode(),
    )
    site.pages["/robots.txt"] = (
        200,
        TEXT,
        f"User-agent: *\nAllow: /\nSitemap: {site.url}loop.xml\nSitemap: {site.url}bomb.xml.gz\n".encode(),
    )
    site.pages["/loop.xml"] = (200, {"Content-Type": "application/xml"}, loop)
    bomb = gzip.compress(b"<urlset " + namespace + b">" + b" " * 80_000_000)
    site.pages["/bomb.xml.gz"] = (200, {"Content-Type": "application/gzip"}, bomb)
    audit = audit_site(site.url)
    assert audit["audit_status"] == "COMPLETED"
    assert {s["url"].rpartition("/")[2] for s in audit["site_facts"]["sitemaps"]} == {
        "loop.xml",
        "bomb.xml.gz",
    }
    assert any(check.startswith("sm.") for check in checks_of(owner, audit["id"]))


def test_a_site_with_an_untrusted_certificate_is_audited_with_that_finding(
    site: LocalSite, audit_site: Any, owner: Any
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    secure = LocalSite(shop(), tls=context)
    try:
        audit = audit_site(secure.url)
    finally:
        secure.close()
    assert (audit["audit_status"], audit["pages_crawled"]) == ("COMPLETED", 12)
    assert audit["site_facts"]["tls"]["error"]
    assert audit["site_facts"]["robots"]["status"] == 200


def test_own_thresholds_and_switched_off_checks_apply(
    site: LocalSite, audit_site: Any, owner: Any, project: Any
) -> None:
    settings = {
        "project": str(project),
        "thresholds": {"ct.thin": {"words": 5_000}},
        "disabled": ["md.missing"],
    }
    catalogue = {c["id"]: c for c in owner.client.get("seo/checks/").json()}
    name = next(iter(catalogue["ct.thin"]["thresholds"]))
    settings["thresholds"] = {"ct.thin": {name: 5_000}}
    assert owner.client.put("seo/check-settings/", settings).status_code == 200
    audit = audit_site(site.url)
    found = checks_of(owner, audit["id"])
    assert "ct.thin" in found and "md.missing" not in found
    assert "md.missing" not in audit["checks_run"]


def test_a_crawl_of_files_does_not_change_the_score(site: LocalSite, audit_site: Any) -> None:
    files = "".join(f'<a href="/file{n}.pdf">File {n}</a>' for n in range(5))
    home = site.pages["/"].replace(b"</main>", files.encode() + b"</main>")
    site.pages["/"] = home
    for n in range(5):
        site.pages[f"/file{n}.pdf"] = (200, {"Content-Type": "application/pdf"}, b"%PDF-1.4 tiny")
    with_files = audit_site(site.url)
    without = audit_site(site.url, exclude_patterns=[r"\.pdf$"])
    assert with_files["pages_crawled"] == without["pages_crawled"] + 5
    assert with_files["indexable_pages"] == without["indexable_pages"]
    assert with_files["score"] == without["score"]


def test_a_cancelled_row_is_settled_when_its_task_ended_elsewhere(
    site: LocalSite, owner: Any, project: Any
) -> None:
    owner.client.post("seo/audits/", {"project": str(project), "target_url": site.url})
    audit_id = owner.client.get("seo/audits/").json()["results"][0]["id"]
    with owner.scope():
        audit = SiteAudit.objects.get(pk=audit_id)
        tasks.cancel(task_id=audit.task_id)
        assert audits.settle_abandoned() == 1
        audit.refresh_from_db()
    assert audit.audit_status == AuditStatus.CANCELLED


def test_the_spool_survives_a_torn_write(tmp_path: Any) -> None:
    from seo_intelligence.adapters.spool import FactSpool

    spool = FactSpool(tmp_path / "facts")
    spool.append([{"n": 1}, {"n": 2}])
    spool.append([{"n": 3}])
    whole = (tmp_path / "facts").read_bytes()
    (tmp_path / "facts").write_bytes(whole[:-3])
    spool.repair()
    spool.append([{"n": 4}])
    assert [record["n"] for record in spool.records()] == [1, 2, 4]
    assert json.dumps(list(spool.records()))
