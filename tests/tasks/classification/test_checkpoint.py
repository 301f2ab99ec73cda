"""Trained classifiers: malformed class tables are refused."""

import json
import shutil
from pathlib import Path

import pytest

from grunlp.tasks.classification.checkpoint import load_trained_classifier
from grunlp.utils.errors import UserError

FORMATS = Path(__file__).parents[2] / "formats/1"


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


def test_malformed_class_tables_are_refused(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "classify", tmp_path / "run"))
    good = json.loads((run / "vocabulary.json").read_text())
    for more in (
        {"words": {"<pad>": 0, "<unk>": -1}},
        {"words": {"<pad>": 0, "<unk>": 1e9}},
        {"tags": ["a", "a"]},
        {"tags": [1]},
        {"more": 1},
        {"tags": [f"t{i}" for i in range(5000)]},
        {"words": good["words"] | {"another": 1}},
    ):
        (run / "vocabulary.json").write_text(json.dumps(good | more))
        with pytest.raises(UserError):
            load_trained_classifier(run)
    (run / "vocabulary.json").write_text(json.dumps(good))
    for classes in (["a"], ["a", "a"], ["a", 1], "ab", ["a", "b", "c", "d"]):
        (run / "classes.json").write_text(json.dumps({"classes": classes, "features": None}))
        with pytest.raises(UserError):
            load_trained_classifier(run)
