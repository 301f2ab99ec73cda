"""The same weights for any number of threads, at the sizes that recipes have when nobody sets them.

Not of translations and summaries: Torch's gradients of softmax and of layer normalisation are rounded otherwise.
"""

from pathlib import Path

import pytest

from tests.training.test_resume import arguments, write_files
from tests.training_processes import Trainings


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to train on."""
    folder = tmp_path_factory.mktemp("threads")
    write_files(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["classify", "forecast", "lm", "pretrain", "srl", "tag"])
def test_the_same_weights(recipe: str, root: Path, trainings: Trainings) -> None:
    files = [one for one in arguments(recipe, root) if one.startswith(("recipe=", "data.train", "data.dev", "data="))]
    weights = {}
    for threads in (1, 2, 3):
        run_dir = root / f"{recipe}-{threads}"
        done = trainings(
            [*files, "trainer.max_epochs=1", "trainer.limit_train_batches=12", f"run_dir={run_dir}"], threads=threads
        )
        assert done.status == 0 and f"{threads} threads" in done.text, done.text
        weights[threads] = (run_dir / "weights.safetensors").read_bytes()
    assert weights[1] == weights[2] == weights[3]
