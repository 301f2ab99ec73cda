"""Corpora of classes: kinds, leaks, folds."""

from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from grunlp.data.datasets.corpus import Corpus
from grunlp.tasks.classification.data import count_features, open_class_split, open_classes
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import UserError


def corpus(*overrides: str) -> Corpus:
    return open_classes(compose_config(["recipe=classify", *overrides]).data)


def texts(path: Path, *rows: str) -> str:
    path.write_text("".join(f"{row}\n" for row in rows))
    return str(path)


def numbers(path: Path, x: np.ndarray, y: list[str]) -> str:
    np.savez(path, x=x, y=np.array(y))
    return str(path)


def test_texts_of_dev_stay_out_of_training(tmp_path: Path) -> None:
    train = texts(tmp_path / "a.tsv", "good\tA fine day.", "bad\tRain again", "good\tSun")
    dev = texts(tmp_path / "b.tsv", "good\tA fine day")
    found = corpus(f"data.train={train}", f"data.dev={dev}")
    assert found.train["label"] == ["bad", "good"] and found.num_removed == 1 and found.test is None
    with pytest.raises(UserError, match="the run has no test split"):
        open_class_split(compose_config(["recipe=classify", f"data.train={train}", f"data.dev={dev}"]).data, "test")


def test_measurements_of_dev_stay_out_of_training(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(4, 5, 2)).astype(np.float32)
    train, dev = numbers(tmp_path / "a.npz", x, ["u", "d", "u", "d"]), numbers(tmp_path / "b.npz", x[1:2], ["d"])
    found = corpus(f"data.train={train}", f"data.dev={dev}")
    assert found.train["id"] == ["0", "2", "3"] and count_features(found.train) == 2


def test_mistakes(tmp_path: Path) -> None:
    good = texts(tmp_path / "a.tsv", "good\tA fine day", "bad\tRain", "good\tSun")
    one = texts(tmp_path / "b.tsv", "good\tA fine day", "good\tRain")
    x = np.ones((2, 5, 2))
    array, wide = numbers(tmp_path / "a.npz", x, ["u", "d"]), numbers(tmp_path / "b.npz", np.ones((1, 5, 3)), ["d"])
    for overrides, message in (
        ([f"data.train={one}", f"data.dev={good}"], "fewer than two classes"),
        ([f"data.train={good}", f"data.dev={good}"], "(?s)fewer than two classes.*3 were removed because they occur"),
        ([f"data.train={good}", f"data.dev={array}"], "texts in one split and numbers in another"),
        ([f"data.train={array}", f"data.dev={wide}"], "(?s)differ in their number of features.*train 2, dev 3"),
        (
            [f"data.train={good}", f"data.dev={texts(tmp_path / 'c.tsv', '1	Hail')}"],
            "no class of the dev split occurs",
        ),
        ([f"data.train={good}"], "(?s)data.dev is not given.*data.num_folds=5"),
        (["data=files"], "data.train is not given"),
        ([f"data.train={good}", "data.num_folds=9"], "too small for 9 folds"),
    ):
        with pytest.raises(UserError, match=message):
            corpus(*overrides)


def test_swapped_columns_stop(tmp_path: Path) -> None:
    rows = [f"{'good' if i % 2 else 'bad'}\tA film like number {i} and more" for i in range(60)]
    train = texts(tmp_path / "train.tsv", "text\tlabel", *rows[:40])
    dev = texts(tmp_path / "dev.tsv", "text\tlabel", *rows[40:])
    files = [f"data.train={train}", f"data.dev={dev}"]
    with pytest.raises(UserError, match=r"(?s)40 classes for 40 rows: are the columns swapped\?.*data.source=COLUMN"):
        corpus(*files)
    assert set(corpus(*files, "data.source=label", "data.label=text").train["label"]) == {"good", "bad"}


def test_folds_of_one_file(tmp_path: Path) -> None:
    train = texts(tmp_path / "a.tsv", *(f"{'good' if i % 2 else 'bad'}\tnumber {i}" for i in range(12)))
    tested = []
    for fold in range(4):
        found = corpus(f"data.train={train}", "data.num_folds=4", f"data.fold={fold}")
        assert (len(found.train), len(found.dev)) == (6, 3) and found.test is not None
        tested += found.test["id"]
    assert sorted(tested, key=int) == [str(i) for i in range(1, 13)]


def test_a_hub_data_set_with_named_classes(tmp_path: Path) -> None:
    from datasets import ClassLabel, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    for split, rows in (("train", [("Fine", 1), ("Poor", 0)]), ("validation", [("Bad", 0)])):
        part = Dataset.from_dict({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}, features=features)
        part.to_parquet(f"{tmp_path}/{split}-00000-of-00001.parquet")
    common = ["data=hub", f"data.path={tmp_path}", "data.source=text", "data.test=null"]
    found = corpus(*common, "data.label=label")
    assert found.train["label"] == ["pos", "neg"] and found.dev["words"] == [["Bad"]]
    with pytest.raises(UserError, match="no column 'stars'"):
        corpus(*common, "data.label=stars")


@pytest.mark.realdata
@pytest.mark.usefixtures("data_root")
def test_polarity_is_whole() -> None:
    found = corpus("data=polarity", "data.fold=3")
    assert found.test is not None
    assert len(found.train) + found.num_removed + len(found.dev) + len(found.test) == 10662
    assert abs(len(found.test) - 1066) <= 1
