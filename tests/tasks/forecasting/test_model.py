"""Forecasters: what all promise, and SegRNN beside a twin that is written step by step."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grunlp.tasks.forecasting.checkpoint import ARCHITECTURES
from grunlp.tasks.forecasting.model import Forecaster, ForecasterSizes
from grunlp.tasks.forecasting.options import Architecture, ForecasterOptions

T, H, C, F, K = 13, 5, 3, 2, 2
KINDS = ("recursive", "direct", "segrnn")


def build(architecture: Architecture, known: int = F, static: int = K, **changes: Any) -> Forecaster:
    torch.manual_seed(0)
    sizes = ForecasterSizes(channels=C, num_known_covariates=known, num_static_covariates=static, horizon=H)
    options = {"hidden_size": 8, "num_layers": 2, "dropout": 0.0, "segment_length": 4} | changes
    return ARCHITECTURES[architecture](ForecasterOptions(**options), sizes)  # type: ignore[arg-type]


def windows(batch: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(batch, T + H, C), torch.randn(batch, T + H, F), torch.randn(batch, K)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("normalize", ["none", "last", "revin"])
@pytest.mark.parametrize("output", ["point", "gaussian", "quantiles"])
def test_the_contract(kind: str, normalize: str, output: str) -> None:
    model = build(kind, window_normalization=normalize, output=output)
    values, known, static = windows()
    taught = model.teacher_forced(values, known, static)
    numbers = {"point": 1, "gaussian": 2, "quantiles": 3}[output]
    whole = kind == "recursive" and normalize == "none"
    assert taught.shape == (4, T + H - 1 if whole else H, C, numbers)
    (taught * torch.randn_like(taught)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    told = model.eval()(values[:, :T], known, static)
    assert told.shape == (4, H, C, numbers) and model.point_forecast(told).shape == (4, H, C)
    if output == "gaussian":
        assert (told[..., 1] > 0).all()
    alone = torch.cat([model(*(x[i : i + 1] for x in (values[:, :T], known, static))) for i in range(4)])
    torch.testing.assert_close(told, alone, atol=1e-5, rtol=1e-4)
    changed = values.clone()
    changed[:, T:] = 100.0
    torch.testing.assert_close(model(changed[:, :T], known, static), told)
    other = known.clone()
    other[:, -1] += 1.0
    assert not torch.allclose(model(values[:, :T], other, static), told), "what is known of the future is read"
    assert not torch.allclose(model(values[:, :T], known, static + 1.0), told)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", ["gru-reset-before", "lstm", "rnn", "mingru"])
def test_every_cell(kind: str, cell: str) -> None:
    model = build(kind, cell=cell, known=0, static=0).eval()
    values, known, static = windows()
    assert model(values[:, :T], known[..., :0], static[:, :0]).isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("normalize", ["last", "revin"])
def test_a_shifted_history_is_forecast_shifted(kind: str, normalize: str) -> None:
    model = build(kind, window_normalization=normalize).eval()
    values, known, static = windows()
    told, moved = (model(x[:, :T], known, static) for x in (values, values + 50.0))
    torch.testing.assert_close(moved, told + 50.0, atol=1e-3, rtol=1e-4)
    if normalize == "revin":
        torch.testing.assert_close(model(values[:, :T] * 20.0, known, static), told * 20.0, atol=1e-2, rtol=1e-3)


@pytest.mark.parametrize("normalize", ["none", "last", "revin"])
def test_recursion_takes_the_steps_it_was_taught(normalize: str) -> None:
    """Fed with its own forecasts, teacher forcing gives these forecasts again."""
    model = build("recursive", window_normalization=normalize).eval()
    values, known, static = windows()
    told = model(values[:, :T], known, static)
    values[:, T:] = told[..., 0].detach()
    torch.testing.assert_close(model.teacher_forced(values, known, static)[:, -H:], told, atol=1e-5, rtol=1e-4)


def test_paths_spread_with_the_steps() -> None:
    model = build("recursive", output="gaussian", window_normalization="last").eval()
    with torch.no_grad():  # a random walk: the mean is the last value
        model.last.weight.zero_()
        model.last.bias.zero_()
    values, known, static = windows()
    told = model(values[:, :T], known, static)
    grows = told[..., 1].mean(dim=(0, 2))
    torch.testing.assert_close(grows, grows[:1].expand(H), msg="the level is that of the history")
    torch.testing.assert_close(told[:, 0], model.teacher_forced(values, known, static)[:, 0])


def test_the_middle_quantile_is_the_centre() -> None:
    model = build("direct", output="quantiles", quantiles="0.1,0.5,0.9")
    assert model.point_forecast(torch.tensor([1.0, 2.0, 3.0])) == 2.0
