"""Weights that come from elsewhere and go back are the same to the last bit, and compute the same."""

import io
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from grunlp.exporting.weight_conversion import from_keras, from_onnx, from_torch, to_keras, to_onnx, to_torch
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell
from grunlp.modules.rnn_weights import RNNLayerOptions


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


def test_halved_weights_go_to_torch_in_single_precision() -> None:
    gru = stack().eval().to_bfloat16_weights()
    x = torch.randn(2, 5, 3)
    with torch.no_grad():
        torch.testing.assert_close(to_torch(gru)(x)[0], gru(x, torch.tensor([5, 5]))[0], rtol=1e-5, atol=1e-6)


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
    assert stack.cell == ("gru" if bias_rows == 2 else "gru-reset-before")
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


@pytest.mark.realdata
def test_outputs_of_a_classifier_made_by_keras(data_root: Path) -> None:
    """GRU of 64 units, GRU of 32 whose last state counts, one sigmoid."""
    case = np.load(data_root / "keras-gru/classifier.npz")
    arrays = [case[key] for key in sorted(case.files) if key.startswith("l")]
    x = torch.tensor(case["x"]).float()
    lengths = torch.full((len(x),), x.shape[1])
    first, second = from_keras([arrays[:3]]), from_keras([arrays[3:6]])
    _, final = second(first(x, lengths)[0], lengths)
    found = torch.sigmoid(final[0] @ torch.tensor(arrays[6]) + torch.tensor(arrays[7]))
    torch.testing.assert_close(found, torch.tensor(case["y"]), rtol=0, atol=1e-5)
    assert found.std() > 1e-3


@pytest.mark.parametrize("after", [True, False])
def test_live_layers_of_keras(after: bool) -> None:
    keras = pytest.importorskip("keras", reason="needs pip install -e '.[bench]'")
    inside = [keras.layers.GRU(4, return_sequences=True, reset_after=after, bias_initializer="normal") for _ in "ab"]
    layers = [keras.layers.Bidirectional(layer) for layer in inside]
    x = np.random.default_rng(0).standard_normal((2, 6, 3)).astype(np.float32)
    expected = keras.Sequential(layers)(x)
    outputs, _ = from_keras(layers)(torch.tensor(x), torch.tensor([6, 6]))
    np.testing.assert_allclose(outputs.detach(), expected, rtol=0, atol=1e-6)


def test_live_layers_that_compute_something_else_are_refused() -> None:
    """Seen from their settings alone, which are Keras' own names."""
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}

    def layer(settings: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(name="gru_1", get_config=lambda: settings, get_weights=lambda: [])

    with pytest.raises(ValueError, match="gru_1: expected a Keras GRU with activation=tanh, got relu"):
        from_keras([layer({**usual, "activation": "relu"})])
    both = {"merge_mode": "sum", "layer": {"config": usual}}
    with pytest.raises(ValueError, match="not merge_mode=sum"):
        from_keras([layer(both)])
    backward = {"config": {**usual, "go_backwards": True, "activation": "relu"}}
    with pytest.raises(ValueError, match="expected a Keras GRU with activation=tanh"):
        from_keras([layer({"merge_mode": "concat", "layer": {"config": usual}, "backward_layer": backward})])
    with pytest.raises(ValueError, match="expected a Keras GRU with go_backwards=False"):
        from_keras([layer({"merge_mode": "concat", "layer": {"config": {**usual, "go_backwards": True}}})])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["gru", "gru-reset-before", "lstm", "rnn"])
def test_onnx_computes_the_same_and_comes_back(cell: Cell, bidirectional: bool) -> None:
    torch.manual_seed(0)
    gru = StackedGRU(3, 5, 2, bidirectional, 0.1, "none", cell).eval()
    for name, parameter in gru.named_parameters():
        if "bias" in name:
            nn.init.uniform_(parameter, -0.5, 0.5)
    model = to_onnx(gru)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for lengths, steps in (([7, 3, 1], 7), ([4], 6), ([0, 2], 3)):
        x = torch.randn(len(lengths), steps, 3)
        expected = gru(x, torch.tensor(lengths))
        found = session.run(None, {"input": x.numpy(), "lengths": np.array(lengths, dtype=np.int32)})
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other.detach(), rtol=0, atol=1e-6)
    back = from_onnx(model)
    assert back.cell == cell
    for name, weights in gru.state_dict().items():
        assert torch.equal(back.state_dict()[name], weights), name


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_what_torch_exports_comes_in(kind: type[nn.RNNBase]) -> None:
    module, file = kind(3, 5, 2, batch_first=True, bidirectional=True), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.randn(2, 4, 3),), file, dynamo=False)
    found, expected = from_onnx(onnx.load_from_string(file.getvalue())), from_torch(module)  # type: ignore[arg-type]
    for name, weights in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], weights), name


def test_onnx_models_that_are_no_stack_are_refused() -> None:
    def changed(**attributes: Any) -> onnx.ModelProto:
        model = to_onnx(stack())
        node = next(node for node in model.graph.node if node.op_type == "GRU")
        for name, value in attributes.items():
            for old in [attribute for attribute in node.attribute if attribute.name == name]:
                node.attribute.remove(old)
            node.attribute.append(onnx.helper.make_attribute(name, value))
        return model

    with pytest.raises(ValueError, match="a stack has no activations"):
        from_onnx(changed(activations=["Tanh", "Sigmoid", "Sigmoid", "Tanh"]))
    with pytest.raises(ValueError, match="a stack has no clip"):
        from_onnx(changed(clip=1.0))
    with pytest.raises(ValueError, match="direction=reverse"):
        from_onnx(changed(direction="reverse"))
    with pytest.raises(ValueError, match=r"the model \['gru', 'gru-reset-before'\]"):
        from_onnx(changed(linear_before_reset=0))
    model = changed()
    narrow = next(weights for weights in model.graph.initializer if weights.name == "W1")
    narrow.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(narrow)[:, :, :1], "W1"))
    with pytest.raises(ValueError, match=r"layer 1 of shapes \[\(2, 12, 1\).*expected \[\(2, 12, 8\)"):
        from_onnx(model)
    model = changed(activations=["Sigmoid", "Tanh", "Sigmoid", "Tanh"])
    from_onnx(model)
    del model.graph.initializer[:]
    with pytest.raises(ValueError, match="W, R, B not stored in the model"):
        from_onnx(model)
    del model.graph.node[:]
    with pytest.raises(ValueError, match="no GRU, LSTM or RNN among the 0 nodes"):
        from_onnx(model)


def stack(**changes: Any) -> StackedGRU:
    residual, cell = changes.pop("residual", "none"), changes.pop("cell", "gru")
    return StackedGRU(3, 4, 2, True, 0.0, residual, cell, options=RNNLayerOptions(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"residual": "add"}, "neither Torch nor Keras nor ONNX has residual=add"),
        ({"cell": "mingru"}, "neither Torch nor Keras nor ONNX has cell=mingru"),
        ({"layer_norm": True}, "neither Torch nor Keras nor ONNX has layer_norm"),
        ({"initial_state": "learned"}, "neither Torch nor Keras nor ONNX has initial=learned"),
        ({"zoneout": 0.1}, "neither Torch nor Keras nor ONNX has zoneout"),
    ],
    ids=str,
)
def test_what_others_do_not_have_is_refused(changes: dict[str, Any], message: str) -> None:
    for convert in (to_torch, to_keras, to_onnx):
        with pytest.raises(ValueError, match=message):
            convert(stack(**dict(changes)))


def test_what_stacks_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="has relu"):
        from_torch(nn.RNN(3, 4, nonlinearity="relu"))
    with pytest.raises(ValueError, match="no projection"):
        from_torch(nn.LSTM(3, 4, proj_size=2))
    with pytest.raises(ValueError, match="has biases"):
        from_torch(nn.GRU(3, 4, bias=False))
    with pytest.raises(ValueError, match="Torch has no cell=gru-reset-before"):
        to_torch(stack(cell="gru-reset-before"))
    with pytest.raises(ValueError, match="cell=lstm is not a Keras GRU"):
        to_keras(stack(cell="lstm"))
    with pytest.raises(ValueError, match="3 arrays, or 6"):
        from_keras([[np.zeros((3, 12))]])
    good = [np.zeros((3, 12)), np.zeros((4, 12)), np.zeros((2, 12))]
    with pytest.raises(ValueError, match=r"layer 1 of a Keras GRU has shapes.*expected \[\(4, 12\)"):
        from_keras([good, good])
