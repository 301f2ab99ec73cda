from types import SimpleNamespace

import pytest
import torch
from torch import nn

from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.training.finetuning import FreezeLayers, L2SPRegularization, layerwise_lr_decay
from tests.random_srl_corpus import toy_corpus, vocabulary_of


def test_lower_layers_learn_more_slowly() -> None:
    config = compose_config(["recipe=srl", "debug=tiny", "model.num_layers=3"])
    model = build_srl_model(config, vocabulary_of(toy_corpus(4)), None)
    rates = {
        id(p): rate
        for layer, rate in layerwise_lr_decay(model.encoder, 1.0, 0.5, 0.1).items()
        for p in layer.parameters()
    }
    parts = [model.encoder.words, *model.encoder.gru.layers]
    assert [{rates[id(p)] for p in part.parameters()} for part in parts] == [{0.0625}, {0.125}, {0.25}, {0.5}]
    assert rates.keys() == {id(p) for p in model.encoder.parameters()}, "all below, nothing above"


def test_frozen_then_thawed() -> None:
    layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
    callback = FreezeLayers(layers[:1], epochs=2)
    seen = []
    for epoch in range(4):
        callback.on_train_epoch_start(SimpleNamespace(current_epoch=epoch), None)  # type: ignore[arg-type]
        seen.append([layer.weight.requires_grad for layer in layers])
    assert seen == [[False, True], [False, True], [True, True], [True, True]]


def test_the_pull_is_the_gradient_of_the_penalty() -> None:
    torch.manual_seed(0)
    module = nn.Linear(3, 2)
    callback = L2SPRegularization(0.7)
    callback.setup(None, module, "fit")  # type: ignore[arg-type]
    old = [p.detach().clone() for p in module.parameters()]
    with torch.no_grad():
        for p in module.parameters():
            p += torch.randn_like(p)
    x = torch.randn(5, 3)
    module(x).square().sum().backward()
    callback.on_before_optimizer_step(None, module, None)  # type: ignore[arg-type]
    found = [p.grad.clone() for p in module.parameters() if p.grad is not None]
    module.zero_grad()
    penalty = sum((p - o).square().sum() for p, o in zip(module.parameters(), old, strict=True))
    (module(x).square().sum() + 0.35 * penalty).backward()
    for one, p in zip(found, module.parameters(), strict=True):
        assert one == pytest.approx(p.grad.numpy(), abs=1e-5)  # type: ignore[union-attr]
