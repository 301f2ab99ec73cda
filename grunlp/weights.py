"""Files of weights: what the head of one says is checked against the network before anything of its size is made."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from grunlp.atomic import write_file
from grunlp.errors import DataError

MOST_HEAD = 2**24  # bytes of the head of a file
MOST_BUFFERS = 2**28  # bytes of what a network computes from its settings and no file holds
_FLOATS, _OTHERS = ("F64", "F32", "F16", "BF16"), {torch.int64: "I64", torch.bool: "BOOL"}
_WAY = "Copy the whole folder again, or train anew."

Network = TypeVar("Network", bound=nn.Module)


def save_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors."""
    # not save_file: it keeps others from reading what it writes, and a run folder is there to be shared
    write_file(file, save({name: tensor.contiguous() for name, tensor in tensors.items()}))


def load_network(file: Path, build: Callable[[], Network]) -> Network:
    """The network that `build` makes, with the weights of a file; in evaluation mode, on the CPU.

    It is built twice: first without memory, to see which tensors it has.

    Raises:
        DataError: the weights are not those of such a network.
    """
    with torch.device("meta"):
        plan = build()
    own = plan.state_dict()
    weights = _checked(file, own)
    others = sum(buffer.nbytes for name, buffer in plan.named_buffers() if name not in own)
    if others > MOST_BUFFERS:
        raise DataError(file, None, f"its network has {others} bytes of tables", f"{MOST_BUFFERS} are the most", _WAY)
    model = build()
    model.load_state_dict(weights())
    return model.eval()


def load_tensors(file: Path, like: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The tensors of a file.

    Args:
        file: safetensors.
        like: tensors of the names, shapes and kinds it must have; None: any.

    Raises:
        DataError: it is no such file.
    """
    return _checked(file, like)()


def shapes_of(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors of a file, without reading them. Raises DataError: it is no such file."""
    return {name: shape for name, (shape, _) in _head(file).items()}


def _checked(file: Path, like: Mapping[str, Tensor] | None) -> Callable[[], dict[str, Tensor]]:
    """What reads a file whose head is as it should be."""
    head = _head(file)
    if like is not None:
        _require_names(file, set(head), set(like))
    for name, (shape, kind) in head.items():
        expected = None if like is None else (tuple(like[name].shape), _OTHERS.get(like[name].dtype, "F"))
        found = (shape, "F" if kind in _FLOATS else kind)
        if expected not in (None, found):
            there = f"the network has {expected}"
            raise DataError(file, None, f"the parts of this run do not fit: {name} is {found}", there, _WAY)

    def read() -> dict[str, Tensor]:
        with _opened(file) as opened:
            return {name: opened.get_tensor(name) for name in head}

    return read


def _require_names(file: Path, found: set[str], expected: set[str]) -> None:
    for name in sorted(found ^ expected)[:1]:
        wrong = f"{name[:100]} is {'not one of its weights' if name in found else 'missing'}"
        there = f"the network has {len(expected)} tensors, the file {len(found)}"
        raise DataError(file, None, f"the parts of this run do not fit: {wrong}", there, _WAY)


def _head(file: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and kind of each tensor."""
    try:
        with file.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
    except OSError as error:
        raise DataError(file, None, f"cannot be read: {error.strerror or error}", "", _WAY) from None
    if length > MOST_HEAD:
        wrong = f"the parts of this run do not fit: a head of {length} bytes"
        raise DataError(file, None, wrong, f"{MOST_HEAD} are the most", _WAY)
    with _opened(file) as opened:
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
        found = {name: (tuple(one.get_shape()), str(one.get_dtype())) for name, one in slices.items()}
    known = (*_FLOATS, *_OTHERS.values())
    odd = next((kind for _, kind in found.values() if kind not in known), None)
    if odd is not None or any(math.prod(shape) > file.stat().st_size for shape, _ in found.values()):
        raise DataError(file, None, f"holds numbers of kind {odd or 'none'}", f"expected {', '.join(known)}", _WAY)
    return found


def _opened(file: Path) -> Any:
    try:
        return safe_open(file, "pt")
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        wrong = f"the parts of this run do not fit: no safetensors ({error!s:.200})"
        raise DataError(file, None, wrong, "", _WAY) from None
