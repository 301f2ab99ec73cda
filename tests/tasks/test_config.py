"""Run folders crafted to do harm: plain errors, nothing runs, and nothing outside the folder is read."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from grunlp.tasks import task_of
from grunlp.utils.errors import UserError
from tests.runs.malicious_files import change

FORMATS = Path(__file__).parents[1] / "formats/1"


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


def load(run: Path) -> Any:
    return task_of(run).load_trained(run)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hidden_size: 4", "hidden_size: 1000000000", "out of bounds"),
        ("hidden_size: 4", "hidden_size: 65536", "much larger network"),
        ("hidden_size: 4", "hidden_size: .nan", "wrong type"),
        ("dropout: 0.", "dropout: .nan #", "out of bounds"),
        ("hidden_size: 4", "hiden_size: 4", r"unknown key model\.hiden_size(?s:.)*model.hidden_size"),
        ("hidden_size: 4", "hidden_size: 4\n  _target_: os.system", r"unknown key model\._target_"),
        ("hidden_size: 4", "hidden_size: ${oc.env:HOME}", "refers to another value"),
        ("hidden_size: 4", "hidden_size: 4\n  hidden_size: 4", "twice"),
        ("num_layers: 1", "num_layers: '1'", "wrong type"),
        ("seed: 1", "seed: 1\nhydra: {}", "unknown key"),
        ("  name: ", "  name: /etc/", "no such choice"),
    ],
)
def test_settings(run: Path, old: str, new: str, message: str) -> None:
    load(run)
    change(run / "config.yaml", old, new)
    with pytest.raises(UserError, match=message):
        load(run)


def test_links_lead_nowhere(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    (run / "metrics.json").unlink(missing_ok=True)
    (run / "metrics.json").symlink_to(mine)
    with pytest.raises(UserError, match="leads out of the run folder"):
        load(run)
