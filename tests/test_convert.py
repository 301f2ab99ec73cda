"""Weights that come from elsewhere and go back are the same to the last bit, and compute the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from grunlp.convert import from_keras, from_torch, to_keras, to_torch
from grunlp.modules.gru import StackedGRU


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_torch_there_and_back(kind: type[nn.RNNBase], bidirectional: bool) -> None:
    torch.manual_seed(0)
    module = kind(5, 7, 3, batch_first=True, bidirectional=bidirectional, dropout=0.2).eval()
    stack = from_torch(module).eval()  # type: ignore[arg-type]
    x = torch.randn(4, 9, 5)
    outputs, finals = stack(x, torch.full((4,), 9))
    expected, state = module(x)
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-6)
    state = torch.cat(state, dim=2) if kind is nn.LSTM else state
    torch.testing.assert_close(finals, state, rtol=1e-5, atol=1e-6)
    back = to_torch(stack)
    assert not stack.training and not back.training
    assert from_torch(module.double()).layers[0].weight_ih.dtype == torch.float64  # type: ignore[arg-type]
    module.float()
    assert type(back) is kind and back.dropout == 0.2
    for name, weight in module.state_dict().items():
        assert torch.equal(back.state_dict()[name], weight), name


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias_rows", [1, 2])
def test_keras_there_and_back(bias_rows: int, bidirectional: bool) -> None:
    random = np.random.default_rng(0)
    directions = 1 + bidirectional
    layers = [
        [
            random.standard_normal(shape).astype(np.float32)
            for shape in [(size, 12), (4, 12), (2, 12) if bias_rows == 2 else (12,)] * directions
        ]
        for size in (3, 4 * directions)
    ]
    stack = from_keras(layers)
    assert stack.cell == ("gru" if bias_rows == 2 else "gru-before")
    for arrays, again in zip(layers, to_keras(stack), strict=True):
        assert all(map(np.array_equal, arrays, again))


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name", ["after_uni", "after_bi", "after_bi_masked", "before_uni", "before_bi", "before_bi_masked"]
)
def test_outputs_of_keras(data_root: Path, name: str) -> None:
    case = np.load(data_root / f"keras-gru/gru_{name}.npz")
    stack = from_keras([[case[key] for key in sorted(case.files) if key.startswith("w")]])
    lengths = torch.tensor(case["lengths"], dtype=torch.long)
    outputs, _ = stack(torch.tensor(case["x"]), lengths)
    steps = 0
    for found, expected, length in zip(outputs, torch.tensor(case["y"]), lengths.tolist(), strict=True):
        torch.testing.assert_close(found[:length], expected[:length], rtol=0, atol=1e-5)
        steps += length
    assert steps == lengths.sum() > 10


def stack(**changes: Any) -> StackedGRU:
    return StackedGRU(3, 4, 2, True, 0.0, changes.pop("residual", "none"), changes.pop("cell", "gru"), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"residual": "add"}, "neither Torch nor Keras has residual=add"),
        ({"cell": "mingru"}, "neither Torch nor Keras has cell=mingru"),
        ({"layer_norm": True}, "neither Torch nor Keras has layer_norm"),
        ({"initial": "learned"}, "neither Torch nor Keras has initial=learned"),
        ({"zoneout": 0.1}, "neither Torch nor Keras has zoneout"),
    ],
    ids=str,
)
def test_what_others_do_not_have_is_refused(changes: dict[str, Any], message: str) -> None:
    for convert in (to_torch, to_keras):
        with pytest.raises(ValueError, match=message):
            convert(stack(**dict(changes)))


def test_what_stacks_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="has relu"):
        from_torch(nn.RNN(3, 4, nonlinearity="relu"))
    with pytest.raises(ValueError, match="no projection"):
        from_torch(nn.LSTM(3, 4, proj_size=2))
    with pytest.raises(ValueError, match="has biases"):
        from_torch(nn.GRU(3, 4, bias=False))
    with pytest.raises(ValueError, match="Torch has no cell=gru-before"):
        to_torch(stack(cell="gru-before"))
    with pytest.raises(ValueError, match="cell=lstm is no GRU of Keras"):
        to_keras(stack(cell="lstm"))
    with pytest.raises(ValueError, match="3 arrays, or 6"):
        from_keras([[np.zeros((3, 12))]])
    good = [np.zeros((3, 12)), np.zeros((4, 12)), np.zeros((2, 12))]
    with pytest.raises(ValueError, match=r"layer 1 of a Keras GRU has shapes.*expected \[\(4, 12\)"):
        from_keras([good, good])
