"""Components, factors, correspondence, clusters, latent classes and trees."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from analysis.contracts import Measure
from analysis.logic.stats.chaid import bonferroni_factor, merge_categories
from analysis.logic.stats.clusters import latent_classes
from analysis.logic.stats.components import maximum_likelihood, oblimin, principal_axis, varimax
from analysis.tests.logic.harness import Data, check_procedure, dataset, refusal, run, survey

# Emmett (1949), nine cognitive variables of 211 pupils, as reprinted by Lawley & Maxwell (1971).
EMMETT = np.array(
    [
        [1, 0.523, 0.395, 0.471, 0.346, 0.426, 0.576, 0.434, 0.639],
        [0.523, 1, 0.479, 0.506, 0.418, 0.462, 0.547, 0.283, 0.645],
        [0.395, 0.479, 1, 0.355, 0.27, 0.254, 0.452, 0.219, 0.504],
        [0.471, 0.506, 0.355, 1, 0.691, 0.791, 0.443, 0.285, 0.505],
        [0.346, 0.418, 0.27, 0.691, 1, 0.679, 0.383, 0.149, 0.409],
        [0.426, 0.462, 0.254, 0.791, 0.679, 1, 0.372, 0.314, 0.472],
        [0.576, 0.547, 0.452, 0.443, 0.383, 0.372, 1, 0.385, 0.68],
        [0.434, 0.283, 0.219, 0.285, 0.149, 0.314, 0.385, 1, 0.47],
        [0.639, 0.645, 0.504, 0.505, 0.409, 0.472, 0.68, 0.47, 1],
    ]
)


def _rows_with(correlation: np.ndarray, n: int = 300, seed: int = 3) -> dict[str, np.ndarray]:
    """Rows whose sample correlations equal `correlation` exactly."""
    z = np.random.default_rng(seed).normal(size=(n, len(correlation)))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / n)).T
    x = z @ np.linalg.cholesky(correlation).T
    return {f"v{k}": x[:, k] for k in range(x.shape[1])}


def _blobs() -> Data:
    rng = np.random.default_rng(9)
    centre = np.repeat([[0, 0], [6, 0], [0, 6]], [80, 60, 40], axis=0)
    x = centre + rng.normal(size=centre.shape)
    return dataset({"x": x[:, 0], "y": x[:, 1], "w": np.round(rng.uniform(0.5, 2, 180), 2)})


def _answers(n: int = 500) -> Data:
    rng = np.random.default_rng(12)
    kind = rng.random(n) < 0.35
    items = {
        f"q{k}": [None if rng.random() < 0.02 else bool(rng.random() < (0.9 if c else 0.15)) for c in kind]
        for k in range(5)
    }
    return dataset({**items, "w": np.round(rng.uniform(0.5, 2, n), 2)})


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        (
            "principal_components",
            {"variables": ["service", "price", "overall", "age"], "components": 2, "replicates": 20},
        ),
        (
            "principal_components",
            {"variables": ["service", "overall"], "standardise": False, "replicates": 20},
        ),
        ("correspondence_analysis", {"rows": "overall", "columns": "region"}),
        (
            "cart_tree",
            {"outcome": "buys", "predictors": ["service", "price"], "factors": ["region"], "folds": 3},
        ),
        (
            "cart_tree",
            {"outcome": "overall", "kind": "regression", "predictors": ["service", "age"], "folds": 3},
        ),
        (
            "chaid_tree",
            {
                "outcome": "buys",
                "predictors": ["service", "price", "region"],
                "smallest_parent": 40,
                "smallest_child": 15,
            },
        ),
    ],
)
def test_structure_procedures_follow_the_contract(
    key: str, parameters: dict, weight: str | None, tmp_path: Path
) -> None:
    check_procedure(key, parameters, survey(), tmp_path, weight=weight, tolerance=2e-5)


@pytest.mark.parametrize("extraction", ["maximum_likelihood", "principal_axis"])
@pytest.mark.parametrize("rotation", ["oblimin", "promax"])
def test_factor_analysis_follows_the_contract(extraction: str, rotation: str, tmp_path: Path) -> None:
    columns = _rows_with(EMMETT)
    data = dataset(columns | {"w": np.ones(300)})
    parameters = {
        "variables": list(columns),
        "factors": 2,
        "extraction": extraction,
        "rotation": rotation,
        "replicates": 20,
    }
    check_procedure("factor_analysis", parameters, data, tmp_path, tolerance=2e-4, weight="w")


@pytest.mark.parametrize("weight", [None, "w"])
def test_segmentations_follow_the_contract(weight: str | None, tmp_path: Path) -> None:
    columns = {"variables": ["x", "y"]}
    check_procedure("k_means", {**columns, "largest": 4}, _blobs(), tmp_path / "a", weight=weight)
    check_procedure(
        "hierarchical_clusters", {**columns, "clusters": 3}, _blobs(), tmp_path / "b", weight=weight
    )
    items = {"items": [f"q{k}" for k in range(5)]}
    check_procedure(
        "latent_class",
        {**items, "classes": 2, "starts": 4},
        _answers(),
        tmp_path / "c",
        weight=weight,
        tolerance=1e-5,
    )


@pytest.mark.parametrize("weight", [None, "w"])
def test_a_tree_cut_by_silhouette_is_reproduced_by_its_script(weight: str | None, tmp_path: Path) -> None:
    parameters = {"variables": ["x", "y"], "linkage": "average", "largest": 5}
    output = check_procedure("hierarchical_clusters", parameters, _blobs(), tmp_path, weight=weight)
    assert output.fact("clusters").value == 3


def test_two_equal_correlations_have_known_components(tmp_path: Path) -> None:
    r = np.full((3, 3), 0.4) + 0.6 * np.eye(3)
    output = run(
        "principal_components",
        {"variables": ["v0", "v1", "v2"], "replicates": 20},
        dataset(_rows_with(r)),
        tmp_path,
    )
    assert output.fact("eigenvalue.1").value == pytest.approx(1.8)
    assert output.fact("eigenvalue.3").value == pytest.approx(0.6)
    assert output.fact("loading.v1.1").value == pytest.approx(math.sqrt(0.6))


def test_maximum_likelihood_factors_give_the_published_emmett_solution(tmp_path: Path) -> None:
    # Lawley & Maxwell (1971), table 4.4: residual variances of the three-factor solution.
    published = [0.450, 0.427, 0.617, 0.212, 0.381, 0.177, 0.400, 0.462, 0.231]
    solution = maximum_likelihood(EMMETT, 3)
    assert solution.uniqueness == pytest.approx(published, abs=1.5e-3)


def test_one_factor_is_recovered_exactly_from_its_own_correlations(tmp_path: Path) -> None:
    loadings = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    r = np.outer(loadings, loadings)
    np.fill_diagonal(r, 1.0)
    for extraction in ("maximum_likelihood", "principal_axis"):
        output = run(
            "factor_analysis",
            {
                "variables": [f"v{k}" for k in range(5)],
                "factors": 1,
                "extraction": extraction,
                "replicates": 20,
            },
            dataset(_rows_with(r)),
            tmp_path,
        )
        for k, loading in enumerate(loadings):
            assert output.fact(f"loading.v{k}.1").value == pytest.approx(loading, abs=1e-5)


def test_rotations_find_simple_structure_and_keep_the_communalities() -> None:
    simple = np.array([[0.8, 0.0], [0.7, 0.0], [0.6, 0.0], [0.0, 0.8], [0.0, 0.7], [0.0, 0.6]])
    turn = np.array([[math.cos(0.6), -math.sin(0.6)], [math.sin(0.6), math.cos(0.6)]])
    rotated, rotation = varimax(simple @ turn)
    assert np.sort(np.abs(rotated), axis=1)[:, 0] == pytest.approx(np.zeros(6), abs=1e-6)
    assert rotation @ rotation.T == pytest.approx(np.eye(2), abs=1e-10)
    phi = np.array([[1.0, 0.4], [0.4, 1.0]])
    r = simple @ phi @ simple.T
    np.fill_diagonal(r, 1.0)
    solution = principal_axis(r, 2)
    pattern, correlations = oblimin(solution.loadings)
    assert np.sort(np.abs(pattern), axis=1)[:, 0] == pytest.approx(np.zeros(6), abs=1e-4)
    assert abs(correlations[0, 1]) == pytest.approx(0.4, abs=1e-4)
    assert np.diag(pattern @ correlations @ pattern.T) == pytest.approx(1 - solution.uniqueness, abs=1e-8)


def test_smoking_table_gives_greenacres_published_inertias(tmp_path: Path) -> None:
    # Greenacre (1984), staff group by smoking: principal inertias 0.074759, 0.010017, 0.000414; total 0.08519.
    table = {
        "SM": (4, 2, 3, 2),
        "JM": (4, 3, 7, 4),
        "SE": (25, 10, 12, 4),
        "JE": (18, 24, 33, 13),
        "SC": (10, 6, 7, 2),
    }
    staff, smoking = [], []
    for group, counts in table.items():
        for kind, count in zip(("none", "light", "medium", "heavy"), counts, strict=True):
            staff += [group] * count
            smoking += [kind] * count
    output = run(
        "correspondence_analysis",
        {"rows": "s", "columns": "k"},
        dataset({"s": staff, "k": smoking}),
        tmp_path,
    )
    assert output.fact("total_inertia").value == pytest.approx(0.08519, abs=5e-6)
    for k, inertia in enumerate((0.074759, 0.010017, 0.000414), start=1):
        assert output.fact(f"inertia.{k}").value == pytest.approx(inertia, abs=5e-7)
    assert abs(output.fact("coordinate.s.SM.1").value) == pytest.approx(0.066, abs=5e-4)
    assert abs(output.fact("coordinate.k.none.1").value) == pytest.approx(0.393, abs=5e-4)


def test_separate_clouds_are_found_in_order_of_size(tmp_path: Path) -> None:
    for key in ("k_means", "hierarchical_clusters"):
        output = run(key, {"variables": ["x", "y"], "largest": 5}, _blobs(), tmp_path)
        assert output.fact("clusters").value == 3
        assert [output.fact(f"size.{c}").n for c in (1, 2, 3)] == pytest.approx([80, 60, 40], abs=2)


def test_latent_classes_recover_their_parameters_from_expected_counts() -> None:
    # All 2^4 patterns with their exact probabilities under two classes of 0.6 and 0.4.
    import itertools

    sizes, share = np.array([0.6, 0.4]), np.array([[0.9, 0.8, 0.85, 0.7], [0.2, 0.1, 0.3, 0.25]])
    patterns = np.array(list(itertools.product([0, 1], repeat=4)))
    probability = np.array(
        [
            sum(s * np.prod(np.where(p == 1, q, 1 - q)) for s, q in zip(sizes, share, strict=True))
            for p in patterns
        ]
    )
    fit = latent_classes(patterns, [2] * 4, 1e5 * probability, 2, np.random.default_rng(1), starts=5)
    assert fit.sizes == pytest.approx(sizes, abs=2e-3)
    for j in range(4):
        assert fit.responses[j][:, 1] == pytest.approx(share[:, j], abs=3e-3)


def test_bic_chooses_the_two_simulated_classes(tmp_path: Path) -> None:
    output = run(
        "latent_class",
        {"items": [f"q{k}" for k in range(5)], "largest": 3, "starts": 4},
        _answers(),
        tmp_path,
    )
    assert output.fact("classes").value == 2
    assert output.fact("size.2").value == pytest.approx(0.35, abs=0.06)


def test_chaid_merges_equal_categories_and_counts_the_ways() -> None:
    table = np.array([[50, 50], [52, 48], [90, 10], [88, 12.0]])
    assert merge_categories(table, False, 0.05) == [(0, 1), (2, 3)]
    # Kass (1980): three ordered categories into two groups in 2 ways, four free ones in 7.
    assert bonferroni_factor(3, 2, True) == 2
    assert bonferroni_factor(4, 2, False) == 7


def test_trees_find_the_planted_rule(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x, g = rng.uniform(0, 10, 600), np.array(list("abc"))[rng.integers(0, 3, 600)]
    y = (x > 6) & (g != "b")
    data = dataset({"y": y, "x": x, "g": g, "band": np.digitize(x, [3, 6, 8])}, band=Measure.ORDINAL)
    cart = run(
        "cart_tree", {"outcome": "y", "predictors": ["x"], "factors": ["g"], "folds": 3}, data, tmp_path
    )
    assert cart.fact("accuracy").value == pytest.approx(1.0)
    chaid = run("chaid_tree", {"outcome": "y", "predictors": ["band", "g"]}, data, tmp_path)
    assert chaid.fact("accuracy").value == pytest.approx(1.0)
    assert chaid.fact("segments").value == 3


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        (
            "principal_components",
            {"variables": ["x", "y"]},
            {"x": [1, 1, 1, 1], "y": [1, 2, 3, 4]},
            "constant_column",
        ),
        (
            "factor_analysis",
            {"variables": ["x", "y", "z"]},
            {"x": [1, 2], "y": [1, 3], "z": [3, 1]},
            "too_few_rows",
        ),
        (
            "factor_analysis",
            {"variables": ["x", "y", "z"]},
            {"x": [1, 2, 3, 5, 4], "y": [2, 1, 4, 3, 5], "z": [3, 3, 7, 8, 9]},
            "collinear_columns",
        ),
        (
            "correspondence_analysis",
            {"rows": "x", "columns": "y"},
            {"x": list("aab"), "y": list("ccc")},
            "table_too_small",
        ),
        ("k_means", {"variables": ["x"], "clusters": 3}, {"x": [1, 1, 2, 2, 2]}, "too_few_distinct_rows"),
        ("hierarchical_clusters", {"variables": ["x"], "clusters": 5}, {"x": [1, 2, 3]}, "too_few_rows"),
        (
            "latent_class",
            {"items": ["x", "y"], "classes": 3},
            {"x": [1, 2] * 50, "y": [1, 1, 2, 2] * 25},
            "not_identified",
        ),
        (
            "cart_tree",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [1] * 60, "x": list(range(60))},
            "constant_column",
        ),
        (
            "chaid_tree",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [1] * 60, "x": [1, 2] * 30},
            "constant_column",
        ),
    ],
)
def test_bad_input_is_refused(key: str, parameters: dict, columns: dict, code: str, tmp_path: Path) -> None:
    assert refusal(key, parameters, dataset(columns), tmp_path).code == code
