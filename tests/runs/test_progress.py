"""Unfinished runs are named as such."""

from pathlib import Path

import pytest

from grunlp.runs.progress import require_trained
from grunlp.tasks import task_of
from grunlp.utils.errors import UserError


def test_a_training_without_weights_has_not_finished(tmp_path: Path) -> None:
    require_trained(tmp_path)
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "config.yaml").write_text("recipe: lm\n")
    for check in (require_trained, task_of):
        with pytest.raises(UserError, match=rf"(?s)has not finished.*resume={tmp_path}"):
            check(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    require_trained(tmp_path)
    assert task_of(tmp_path).name == "language_modeling"
