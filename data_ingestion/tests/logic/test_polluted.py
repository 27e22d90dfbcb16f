"""Every pollution family of our generator is read (nearly) perfectly; the scores are those of the benchmark script."""

from __future__ import annotations

import pytest

from data_ingestion.logic.delimited.reader import read_delimited_text
from data_ingestion.tests.logic.polluted import (
    Polluted,
    generate,
    score,
    shop_source,
    survey_source,
    through_csv,
)

FILES = [
    file
    for source in (shop_source(60, seed=21), survey_source(60, seed=22))
    for file in generate(source, every=19)
]
#: A header whose words were glued together has no evidence of where they met; everything else has.
HARD = {"missing separator": 9.1, "field delimiter": 9.9}


def load(tmp_path, data: bytes) -> list[list[str]]:
    path = tmp_path / "polluted.csv"
    path.write_bytes(data)
    header, rows = read_delimited_text(path)
    return through_csv([*([header] if header is not None else []), *rows])


@pytest.mark.parametrize("family", sorted({file.family for file in FILES}))
def test_family_is_read(tmp_path, family):
    members = [file for file in FILES if file.family == family]
    scores = {file.name: score(file.clean, load(tmp_path, file.data)) for file in members}
    assert min(scores.values()) >= HARD.get(family, 9.99), {k: v for k, v in scores.items() if v < 9.999}


def test_mean_over_all_files_meets_the_goal(tmp_path):
    scores = [score(file.clean, load(tmp_path, file.data)) for file in FILES]
    assert sum(scores) / len(scores) >= 9.98


def test_score_punishes_what_is_wrong():
    clean = [["a", "b"], ["1", "x"], ["2", "y"]]
    assert score(clean, clean) == 10
    assert score(clean, None) == 0
    assert score(clean, [["a", "b"], ["1", "x"]]) < 9
    assert score(clean, [["a,b"], ["1,x"], ["2,y"]]) < 5
    assert score([], [["anything"]]) == 10


def test_generator_pollutes_every_file_but_the_source():
    names = [file.name for file in FILES]
    assert len(names) == len(set(names))
    source = next(file for file in FILES if file.family == "source")
    same = [f.name for f in FILES if f.data == source.data and f.family != "source"]
    assert same == []
    assert isinstance(source, Polluted)
