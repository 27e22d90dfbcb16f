import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seo_intelligence.logic.pagerank import inlink_counts, pagerank


def arrays(edges):
    table = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def test_ranks_of_a_small_web_equal_the_hand_solved_system():
    # Two pages linking to each other share the rank; a third that nobody links to keeps the teleport part
    # only.
    source, target = arrays([(0, 1), (1, 0), (2, 0)])
    ranks = pagerank(source, target, np.ones(3, dtype=bool))
    third = 0.15 / 3
    # r0 = t + .85 (r1 + r2), r1 = t + .85 r0, r2 = t
    r0 = (third + 0.85 * (third + third)) / (1 - 0.85**2)
    assert ranks == pytest.approx([r0, third + 0.85 * r0, third], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
def test_ranks_agree_with_networkx_and_sum_to_one(edges):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(8))
    graph.add_edges_from((a, b) for a, b in edges if a != b)
    expected = nx.pagerank(graph, tol=1e-12, max_iter=500)
    ranks = pagerank(*arrays(edges), np.ones(8, dtype=bool))
    assert ranks.sum() == pytest.approx(1.0)
    assert ranks == pytest.approx([expected[i] for i in range(8)], abs=1e-7)


def test_urls_that_were_not_crawled_get_no_rank_and_pass_none():
    source, target = arrays([(0, 1), (0, 2), (2, 1)])
    ranks = pagerank(source, target, np.array([True, True, False]))
    assert ranks[2] == 0.0
    assert ranks[:2].sum() == pytest.approx(1.0)


def test_no_pages_give_no_ranks():
    assert pagerank(*arrays([]), np.zeros(0, dtype=bool)).shape == (0,)


def test_inlinks_count_each_linking_page_once_and_never_the_page_itself():
    source, target = arrays([(0, 1), (0, 1), (1, 1), (2, 1), (2, 0)])
    follow = np.array([True, False, True, False, True])
    counts = inlink_counts(source, target, follow, 3)
    assert counts.total.tolist() == [1, 2, 0]
    assert counts.follow.tolist() == [1, 1, 0]
