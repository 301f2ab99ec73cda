import pytest
import torch
from torch import nn

from grunlp.training.optim import adamw, linear_warmup_decay


def test_only_matrices_decay() -> None:
    module = nn.ModuleDict({"table": nn.Embedding(3, 2), "linear": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
    optimizer = adamw(module, 0.1, 0.5, {})
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    for p in module.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    changed = {name for name, p in module.named_parameters() if not torch.equal(p, before[name])}
    assert changed == {"linear.weight"}
    torch.testing.assert_close(module["linear"].weight, before["linear.weight"] * (1 - 0.1 * 0.5))


def test_parts_with_rates_of_their_own_and_parts_that_are_frozen() -> None:
    module = nn.ModuleDict({"low": nn.Linear(2, 2), "high": nn.Linear(2, 2), "frozen": nn.Linear(2, 2)})
    module["frozen"].requires_grad_(False)
    rates = {id(p): g["lr"] for g in adamw(module, 0.1, 0.5, {module["low"]: 0.01}).param_groups for p in g["params"]}
    assert [rates[id(p)] for p in module["low"].parameters()] == [0.01, 0.01]
    assert [rates[id(p)] for p in module["high"].parameters()] == [0.1, 0.1]
    assert not {id(p) for p in module["frozen"].parameters()} & set(rates)


def test_the_rate_rises_and_falls_in_straight_lines() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = linear_warmup_decay(optimizer, 100, 0.1)
    rates = []
    for _ in range(105):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(0.2) and rates[9] == rates[10] == 2.0 == max(rates)
    assert rates[55] == pytest.approx(1.0) and rates[99] == pytest.approx(2 / 90)
    assert rates[100:] == [0.0] * 5, "an epoch may bring a few steps more than planned"
