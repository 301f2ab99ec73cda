"""What a search trains, in which order, what it keeps, and that nothing is trained twice."""

from pathlib import Path

import pytest

from grunlp.tuning.search import HyperparameterSearch, SearchConfig
from grunlp.tuning.search_space import Dimension
from grunlp.tuning.training_pool import TrainingJob
from tests.tuning.fake_trainings import train_nothing

SIZES = Dimension("model.hidden_size", [8, 16, 32], None)


def plan(folder: Path, trials: int = 0, sizes: Dimension = SIZES) -> SearchConfig:
    return SearchConfig(folder, ("recipe=tag",), [sizes], 3, trials, 1, "max")


def score(size: int, fold: int) -> float:
    return size + fold / 10


def names(done: list[TrainingJob]) -> list[str]:
    return [f"{training.folder.parent.name}/{training.folder.name}" for training in done]


@pytest.mark.slow
def test_a_grid_trains_each_fold_of_each_value_with_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train_nothing(monkeypatch, score)
    rows = HyperparameterSearch(plan(tmp_path), 2).run()
    assert names(done) == [f"hidden_size-{size}/fold-{fold}" for size in (8, 16, 32) for fold in range(3)]
    assert done[4].overrides == ("recipe=tag", "model.hidden_size=16", "data.num_folds=3", "data.fold=1")
    assert [(row.text, row.mean, row.num_parameters) for row in rows] == [
        (f"model.hidden_size={size}", pytest.approx(size + 0.1), 10 * size) for size in (8, 16, 32)
    ]


@pytest.mark.parametrize("trials", [0, 4])
@pytest.mark.parametrize("stop", [3, *(pytest.param(stop, marks=pytest.mark.slow) for stop in (0, 1, 4, 8))])
@pytest.mark.slow
def test_a_killed_search_goes_on_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trials: int, stop: int
) -> None:
    sizes = SIZES if not trials else Dimension("model.hidden_size", [8, 1000], (8, 1000))
    whole = train_nothing(monkeypatch, score)
    (tmp_path / "whole").mkdir()
    expected = [row.values for row in HyperparameterSearch(plan(tmp_path / "whole", trials, sizes), 1).run()]
    first = train_nothing(monkeypatch, score, stop_after=stop)
    with pytest.raises(KeyboardInterrupt):
        HyperparameterSearch(plan(tmp_path, trials, sizes), 1).run()
    second = train_nothing(monkeypatch, score)
    rows = HyperparameterSearch(plan(tmp_path, trials, sizes), 1).run()
    assert len(first) == stop and not set(names(first)) & set(names(second))
    if not trials:
        assert sorted(names(first) + names(second)) == sorted(names(whole))
        assert sorted(row.values for row in rows) == sorted(expected)
    assert all(len(row.scores) == 3 or row.pruned for row in rows) and len(rows) == (trials or 3)
    third = train_nothing(monkeypatch, score)
    again = HyperparameterSearch(plan(tmp_path, trials, sizes), 1).run()
    assert not third and {(row.values, row.mean) for row in again} == {(row.values, row.mean) for row in rows}


@pytest.mark.parametrize("stop", [3, 5])
@pytest.mark.slow
def test_values_sampled_twice_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    narrow = Dimension("model.hidden_size", [8, 11], (8, 11))
    train_nothing(monkeypatch, lambda size, fold: 50.0, stop_after=stop)
    with pytest.raises(KeyboardInterrupt):
        HyperparameterSearch(plan(tmp_path, 4, narrow), 4).run()
    train_nothing(monkeypatch, lambda size, fold: 50.0)
    rows = HyperparameterSearch(plan(tmp_path, 4, narrow), 4).run()
    assert all(len(row.scores) == 3 and not row.pruned for row in rows)


@pytest.mark.slow
def test_sampled_values_lie_in_the_range_and_bad_ones_are_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = train_nothing(monkeypatch, score)
    rows = HyperparameterSearch(plan(tmp_path, 12, Dimension("model.hidden_size", [8, 1000], (8, 1000))), 1).run()
    sizes = [dict(row.values)["model.hidden_size"] for row in rows]
    assert all(8 <= size <= 1000 for size in sizes) and len(set(sizes)) == len(sizes) > 5
    pruned = [row for row in rows if row.pruned]
    assert pruned and all(row.scores.keys() == {0} for row in pruned), "after the first fold"
    assert max(rows, key=lambda row: row.mean).pruned is False
    assert len(done) == sum(len(row.scores) for row in rows)
    assert "no further folds" in capsys.readouterr().out
