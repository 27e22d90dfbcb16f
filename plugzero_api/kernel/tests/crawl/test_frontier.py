from __future__ import annotations

from pathlib import Path

import pytest

from plugzero_api.kernel.crawl.frontier import Frontier


def opened(tmp_path: Path, max_queued: int = 1000) -> Frontier:
    return Frontier(tmp_path / "frontier.sqlite3", max_queued=max_queued)


def drain(frontier: Frontier) -> list[str]:
    urls = []
    while (item := frontier.next()) is not None:
        urls.append(item.url)
    return urls


def test_order_is_breadth_first_then_by_discovery(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    for url, depth in [("d2a", 2), ("d1a", 1), ("d0", 0), ("d1b", 1), ("d2b", 2)]:
        assert frontier.add(url, depth)
    assert drain(frontier) == ["d0", "d1a", "d1b", "d2a", "d2b"]


def test_urls_are_queued_once(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    assert frontier.add("a", 0)
    assert not frontier.add("a", 1)
    assert frontier.queued == 1 and not frontier.is_new("a") and frontier.is_new("b")


def test_retries_come_first(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    frontier.add("a", 0)
    frontier.add("b", 0)
    first = frontier.next()
    assert first is not None and first.url == "a"
    frontier.retry(first)
    assert drain(frontier) == ["a", "b"]


def test_queue_is_bounded(tmp_path: Path) -> None:
    frontier = opened(tmp_path, max_queued=3)
    assert [frontier.add(url, 0) for url in "abcd"] == [True, True, True, False]
    assert frontier.full


def test_long_queues_are_read_in_pieces(tmp_path: Path) -> None:
    frontier = opened(tmp_path, max_queued=5000)
    for number in range(1800):
        frontier.add(f"u{number}", number // 100)
    assert drain(frontier) == [f"u{number}" for number in range(1800)]


def test_reopening_keeps_what_was_committed_and_forgets_the_rest(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    for url in "abc":
        frontier.add(url, 0)
    done = frontier.next()
    assert done is not None
    frontier.finish(done)
    assert frontier.commit(b"events of a") == 1
    lost = frontier.next()
    assert lost is not None and lost.url == "b"
    frontier.finish(lost)
    frontier.add("d", 1)
    frontier._db.execute("ROLLBACK")  # what a kill before the next commit leaves
    frontier._db.close()

    again = opened(tmp_path)
    assert again.queued == 2
    assert not again.is_new("a") and again.is_new("d")
    assert drain(again) == ["b", "c"]
    assert again.spooled() == [1] and again.payload(1) == b"events of a"
    again.acknowledge(1)
    again.commit()
    assert again.spooled() == []
    assert again.commit(b"next") == 2


def test_acknowledged_numbers_are_never_used_again(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    frontier.commit(b"x")
    frontier.acknowledge(1)
    frontier.close()
    assert opened(tmp_path).commit(b"y") == 2


def test_redirect_chain_and_referrer_survive(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    frontier.add("a", 1, "ref", (("o", 301), ("p", 302)))
    frontier.close()
    item = opened(tmp_path).next()
    assert item is not None
    assert (item.referrer, item.chain) == ("ref", (("o", 301), ("p", 302)))


@pytest.mark.parametrize("value", [1, "x", ["a"], {"k": None}])
def test_facts_about_the_run_survive(tmp_path: Path, value: object) -> None:
    frontier = opened(tmp_path)
    frontier.set("key", value)
    frontier.close()
    assert opened(tmp_path).get("key") == value


def test_finished_urls_free_their_place_whatever_happened(tmp_path: Path) -> None:
    frontier = opened(tmp_path)
    frontier.add("a", 0)
    item = frontier.next()
    assert item is not None
    frontier.retry(item)
    again = frontier.next()
    assert again is item
    frontier.finish(again)
    frontier.commit()
    assert frontier.queued == 0 and frontier.next() is None
