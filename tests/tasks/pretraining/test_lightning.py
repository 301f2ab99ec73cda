"""Training of a masked language model: the masked words of dev are the same in each epoch."""

import math

import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.tasks.pretraining.lightning import MaskedTask
from grunlp.training.datamodule_base import derive_seed
from grunlp.training.options import OptimizerOptions
from tests.random_srl_corpus import toy_corpus
from tests.tasks.pretraining.test_model import VOCABULARY, make
from tests.training.validation_loop import record_logs, validate

CORPUS = toy_corpus(30, 4)
COLLATE = SRLCollator(VOCABULARY, None)
BATCHES = [COLLATE(CORPUS[:12]), COLLATE(CORPUS[12:])]


def test_dev_is_the_mean_over_the_masked_words_and_the_same_in_each_epoch() -> None:
    model = make().eval()
    task = MaskedTask(model, OptimizerOptions(), total_steps=10, seed=3)
    total = count = 0.0
    for number, batch in enumerate(BATCHES):
        mask = model.sample_mask(batch, torch.Generator().manual_seed(derive_seed(3, 0, number, 0)))
        total += float(model(batch, mask).detach()) * int(mask.sum())
        count += int(mask.sum())
    torch.manual_seed(1)
    first = validate(task, BATCHES)
    torch.manual_seed(2)
    assert validate(task, BATCHES) == first
    assert first["dev/loss"] == pytest.approx(total / count, rel=1e-5)
    assert first["dev/perplexity"] == pytest.approx(math.exp(first["dev/loss"]))
    other = MaskedTask(model, OptimizerOptions(), total_steps=10, seed=4)
    assert validate(other, BATCHES) != first, "another seed masks other words"


def test_training_masks_other_words_each_time() -> None:
    task = MaskedTask(make().eval(), OptimizerOptions(), total_steps=10, seed=3)
    record_logs(task)
    task.on_train_epoch_start()
    one, two = (float(task.training_step(BATCHES[0], 0).detach()) for _ in range(2))
    assert one != two and task.units == 2 * int(BATCHES[0].lengths.sum())
