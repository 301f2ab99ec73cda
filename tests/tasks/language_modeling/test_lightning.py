"""Training carries states from window to window: losses are those of the whole text, read in one go."""

import pytest
import torch

from grunlp.tasks.language_modeling.bptt_windows import BPTTBatches
from grunlp.tasks.language_modeling.lightning import LanguageModelTask
from grunlp.training.options import OptimizerOptions
from tests.tasks.language_modeling.test_model import toy


def test_windows_are_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy()
    task = LanguageModelTask(model, OptimizerOptions(), total_steps=10, accumulate_grad_batches=1)
    monkeypatch.setattr(task, "log", lambda *arguments, **options: None)
    ids = torch.randint(4, 60, (23,), generator=torch.Generator().manual_seed(1))
    (whole,) = (BPTTBatches(ids, 1, 100, 100)[k] for k in range(1))
    with torch.no_grad():
        features, _ = model(whole.inputs, whole.lengths, model.initial_state(1))
        expected = model.nll(features[0], whole.targets[0])
    for _ in range(2):  # an epoch begins anew, whatever was read before
        windows, told = BPTTBatches(ids, 1, 5, 3), []
        for k in range(len(windows)):
            task.on_validation_epoch_start()
            with torch.no_grad():
                task.validation_step(windows[k], k)
            told.append(task.val_losses[0][0] * task.val_losses[0][1])
        sums = [float(part.sum()) for part in expected.split([3, 5, 5, 5, 5])]
        assert told == pytest.approx(sums, abs=1e-4)
    first = task.training_step(windows[0], 0)
    assert first.requires_grad and not task.states[0].requires_grad, "no gradient crosses windows"
    assert float(first.detach()) == pytest.approx(sums[0] / 3, abs=1e-5)
