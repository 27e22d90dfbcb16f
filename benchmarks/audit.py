"""Site audits on a locally generated site: speed and memory, as ratios to their targets.

    python -m benchmarks.audit [--pages 2000] [--pages 20000]

For each size a fresh database is made, the site is served by a process of its own, and an audit runs as a
worker would run it: crawl, extraction, all checks, grouping, scoring, storing, publishing. Politeness is off,
as an owner may permit on their own site. Memory is resident memory of the worker and of its crawl process,
sampled ten times a second. A ratio above 1 is better than its target. Targets: 250 pages/s of crawl and
extraction, 150 MB for the crawl process, 15 s and 300 MB for an audit of 2,000 pages, 500 MB for one of
20,000.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

PAGE_RATE = 250.0
CRAWL_MEMORY = 150e6
SECONDS = {2_000: 15.0, 20_000: 150.0}
MEMORY = {2_000: 300e6, 20_000: 500e6}


def page_of(number: int, pages: int) -> bytes:
    """A generated article: about 400 words, 30 links, two images, some defects in every tenth page."""
    from seo_intelligence.tests.local_site import html, words

    links = "".join(
        f'<a href="/article/{(number * 7 + k * k) % pages}">Article number {(number * 7 + k * k) % pages}</a> '
        for k in range(25)
    )
    nav = "".join(f'<a href="/article/{n}">Section {n}</a>' for n in range(5))
    description = (
        "" if number % 10 == 0 else f"What article {number} says about rivers, stones and gardens at length."
    )
    alt = "" if number % 11 == 0 else ' alt="A river"'
    body = (
        f"<nav>{nav}</nav><h2>First part</h2><p>{words(200, str(number))}</p><img src='/i/{number % 50}.png'{alt}>"
        f"<h2>Second part</h2><p>{words(190, f'x{number * 3}')} number {number}</p><p>{links}</p>"
    )
    head = f'<link rel="canonical" href="/article/{number}">'
    return html(f"Article number {number} about rivers and stones", body, head=head, description=description)


def serve(pages: int, port: Any, ready: Event, done: Event) -> None:
    """The site, in its own process; pages are made once, before the clock starts."""
    import asyncio

    bodies = {f"/article/{n}": page_of(n, pages) for n in range(1, pages)}
    bodies["/"] = page_of(0, pages)
    bodies["/article/0"] = bodies["/"]
    head = "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n"

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split(b" ", 2)[1].decode()
                body, status, kind = bodies.get(path), "200 OK", "text/html; charset=utf-8"
                if path == "/robots.txt":
                    body, kind = b"User-agent: *\nAllow: /\n", "text/plain"
                if body is None:
                    body, status = b"<html><title>Not here</title></html>", "404 Not Found"
                writer.write(head.format(status=status, kind=kind, size=len(body)).encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.get_running_loop().run_in_executor(None, done.wait)
        server.close()

    asyncio.run(run())


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Sampler(threading.Thread):
    """Peak resident memory of this process and of its children, and of both together."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own = self.child = self.both = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            own = resident(os.getpid())
            child = sum(resident(pid) for pid in children(os.getpid()))
            self.own, self.child = max(self.own, own), max(self.child, child)
            self.both = max(self.both, own + child)


def audit(url: str, pages: int) -> None:
    """One audit in this process; prints its figures. Runs with a database and folders of its own."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from accounts.tests import factories
    from data_ingestion import services as ingestion
    from plugzero_api.kernel.models import TaskRun
    from plugzero_api.kernel.tasks.runtime import execute
    from plugzero_api.kernel.tenancy import team_scope
    from seo_intelligence.models import PageIssue, SiteAudit
    from seo_intelligence.services import audits, crawling

    team = factories.create_team("Benchmark")
    timings: dict[str, float] = {}
    crawl_site = crawling.crawl_site

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return crawl_site(*args, **kwargs)
        finally:
            timings["crawl"] = time.monotonic() - began

    from seo_intelligence.services import running

    running.crawl_site = timed
    with team_scope(team.pk):
        project = ingestion.create_project(team_id=team.pk, actor=None, name="Benchmark")
        options = {"target_url": url, "max_pages": pages * 2, "max_depth": 100, "owner_permits_speed": True}
        audit_id, info = audits.start_audit(
            team_id=team.pk, actor=None, project_id=project.pk, options=options
        )
    sampler = Sampler()
    sampler.start()
    began, worked = time.monotonic(), time.process_time()
    execute(info.task_id)
    wall, worked = time.monotonic() - began, time.process_time() - worked
    crawled = resource.getrusage(resource.RUSAGE_CHILDREN)
    sampler.over.set()
    run = TaskRun._base_manager.get(pk=info.task_id)
    if run.state != "SUCCESS":
        raise SystemExit(f"the audit ended as {run.state}: {run.error_code} {run.error_detail}")
    with team_scope(team.pk):
        row = SiteAudit.objects.get(pk=audit_id)
        issues = PageIssue.objects.filter(audit=row).count()
    rate = row.pages_crawled / timings["crawl"]
    print(f"{row.pages_crawled} pages, {issues} issues in {row.fixes_count} fixes")
    _line("crawl and extraction", f"{rate:.0f} pages/s", rate / PAGE_RATE)
    _line(
        "memory of the crawl process", f"{sampler.child / 1e6:.0f} MB", CRAWL_MEMORY / max(sampler.child, 1)
    )
    seconds = crawled.ru_utime + crawled.ru_stime
    busy = row.pages_crawled / seconds
    _line("the same per processor second", f"{busy:.0f} pages/s", busy / PAGE_RATE)
    _line("whole audit", f"{wall:.1f} s", SECONDS.get(pages, wall) / wall)
    print(f"  processor time of the worker {worked:.1f} s, of the crawl process {seconds:.1f} s")
    _line(
        "memory of worker and crawl process",
        f"{sampler.both / 1e6:.0f} MB",
        MEMORY.get(pages, 0) / max(sampler.both, 1),
    )
    _line(
        "memory of the worker alone",
        f"{sampler.own / 1e6:.0f} MB",
        MEMORY.get(pages, 0) / max(sampler.own, 1),
    )


def _line(what: str, value: str, ratio: float) -> None:
    print(f"  {what:<36} {value:>14}   {ratio:5.2f} x target")


def measure(pages: int) -> None:
    """Serve the site and audit it in a fresh process."""
    port = multiprocessing.Value("i", 0)
    ready, done = multiprocessing.Event(), multiprocessing.Event()
    server = multiprocessing.Process(target=serve, args=(pages, port, ready, done))
    server.start()
    ready.wait(120)
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "plugzero_api.settings",
            "PLUGZERO_RUN_DIR": folder,
            "MEDIA_ROOT": f"{folder}/media",
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "LOG_LEVEL": "WARNING",
            "PLUGZERO_FETCH_ALLOW_HOSTS": f"127.0.0.1:{port.value}",
        }
        arguments = ["--audit", f"http://127.0.0.1:{port.value}/", "--pages", str(pages)]
        try:
            subprocess.run(
                [sys.executable, "-m", "benchmarks.audit", *arguments], env=environment, cwd=root, check=True
            )
        finally:
            done.set()
            server.join(10)
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pages", type=int, action="append", help="pages of the site; 2000 and 20000 unless given"
    )
    parser.add_argument("--audit", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = options.pages or [2_000, 20_000]
    if options.audit:
        audit(options.audit, sizes[0])
        return
    for pages in sizes:
        measure(pages)


if __name__ == "__main__":
    main()
