"""SegRNN: equals a plain loop."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grunlp.tasks.forecasting.checkpoint import ARCHITECTURES
from grunlp.tasks.forecasting.model import Forecaster, ForecasterSizes
from grunlp.tasks.forecasting.options import Architecture, ForecasterOptions
from grunlp.tasks.forecasting.segrnn import SegRNN

T, H, C, F, K = 13, 5, 3, 2, 2


def build(architecture: Architecture, known: int = F, static: int = K, **changes: Any) -> Forecaster:
    torch.manual_seed(0)
    sizes = ForecasterSizes(channels=C, num_known_covariates=known, num_static_covariates=static, horizon=H)
    options = {"hidden_size": 8, "num_layers": 2, "dropout": 0.0, "segment_length": 4} | changes
    return ARCHITECTURES[architecture](ForecasterOptions(**options), sizes)  # type: ignore[arg-type]


def windows(batch: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(batch, T + H, C), torch.randn(batch, T + H, F), torch.randn(batch, K)


@pytest.mark.parametrize(("segment", "layers"), [(4, 1), (5, 2)])
def test_segrnn_equals_a_plain_loop(segment: int, layers: int) -> None:
    model = build("segrnn", segment_length=segment, known=0, static=0, num_layers=layers).eval()
    assert isinstance(model, SegRNN)
    values, known, static = windows()
    told = model(values[:, :T], known[..., :0], static[:, :0])
    one = torch.ones(1, dtype=torch.long)
    for b in range(4):
        for c in range(C):
            last = values[b, T - 1, c]
            state = None
            for k in range(T // segment):
                start = T - (T // segment - k) * segment
                x = torch.relu(model.embed(values[b, start : start + segment, c] - last))
                _, state = model.gru(x[None, None], one, state)
            found = []
            for m in range(-(-H // segment)):
                question = torch.cat([model.place[m], model.channel[c]])
                out, _ = model.gru(question[None, None], one, state)
                found.append(model.last(out[0, 0]) + last)
            torch.testing.assert_close(told[b, :, c, 0], torch.cat(found)[:H], atol=1e-5, rtol=1e-4)
