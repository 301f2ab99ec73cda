"""The same weights for any number of threads, at the sizes that recipes have when nobody sets them.

Not of translations and summaries: Torch's gradients of softmax and of layer normalisation are rounded otherwise.
"""

import subprocess
import sys
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


FORKED = """
import multiprocessing
import torch
import grunlp

torch.set_num_threads(2)
predictor = grunlp.load()
texts = ["She gave him a book and he read it to the children in the garden."] * 32
before = predictor.predict_batch(texts)

def same(text):
    return predictor.predict_batch(texts) == before

with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(same, texts[:4]).get(100))
"""


@pytest.mark.slow
def test_a_pool_that_is_forked_after_a_prediction_predicts_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=200)
    assert done.stdout == "[True, True, True, True]\n", done.stderr
