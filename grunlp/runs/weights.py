"""Files of weights: what the head of one says is checked against the network before anything of its size is made."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from grunlp.utils.atomic_io import write_file
from grunlp.utils.errors import DataError

MOST_HEAD = 2**24  # bytes of the head of a file
SPARE = 2**24  # numbers that a network may have beyond those of its file
_FLOATS, _OTHERS = ("F64", "F32", "F16", "BF16"), {torch.int64: "I64", torch.bool: "BOOL"}
_MAKERS = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye, torch.arange}
_WAY = "Copy the whole folder again, or train anew."

Head = dict[str, tuple[tuple[int, ...], str]]
Network = TypeVar("Network", bound=nn.Module)


def save_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors."""
    # not save_file: it keeps others from reading what it writes, and a run folder is there to be shared
    write_file(file, save({name: tensor.contiguous() for name, tensor in tensors.items()}))


def load_network(file: Path, build: Callable[[], Network]) -> Network:
    """The network that `build` makes, with the weights of a file; in evaluation mode, on the CPU.

    While it is built, no more numbers are made than such a file can be of: what settings ask for beyond is refused
    before it takes memory.

    Raises:
        DataError: the weights are not those of such a network.
    """
    head = _head(file)
    with _Allowance(file):
        model = build()
    _require_fit(file, head, model.state_dict())
    model.load_state_dict(_read(file, head))
    return model.eval()


def load_tensors(file: Path, like: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The tensors of a file.

    Args:
        file: safetensors.
        like: tensors of the names, shapes and kinds it must have; None: any.

    Raises:
        DataError: it is no such file.
    """
    head = _head(file)
    if like is not None:
        _require_fit(file, head, like)
    return _read(file, head)


def shapes_of(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors of a file, without reading them. Raises DataError: it is no such file."""
    return {name: shape for name, (shape, _) in _head(file).items()}


def _require_fit(file: Path, head: Head, like: Mapping[str, Tensor]) -> None:
    _require_names(file, set(head), set(like))
    for name, (shape, kind) in head.items():
        expected = (tuple(like[name].shape), _OTHERS.get(like[name].dtype, "F"))
        found = (shape, "F" if kind in _FLOATS else kind)
        if expected != found:
            there = f"the network has {expected}"
            raise DataError(file, None, f"the parts of this run do not fit: {name} is {found}", there, _WAY)


def _read(file: Path, head: Head) -> dict[str, Tensor]:
    with _opened(file) as opened:
        return {name: opened.get_tensor(name) for name in head}


def _require_names(file: Path, found: set[str], expected: set[str]) -> None:
    for name in sorted(found ^ expected)[:1]:
        wrong = f"{name[:100]} is {'not one of its weights' if name in found else 'missing'}"
        there = f"the network has {len(expected)} tensors, the file {len(found)}"
        raise DataError(file, None, f"the parts of this run do not fit: {wrong}", there, _WAY)


def _head(file: Path) -> Head:
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
    if odd is not None:
        raise DataError(file, None, f"holds numbers of kind {odd}", f"expected {', '.join(known)}", _WAY)
    return found


class _Allowance(TorchFunctionMode):
    """As many numbers may be made within as a file of weights allows."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.size = file, file.stat().st_size
        self.left = 2 * self.size + SPARE

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """What every function of torch goes through."""
        if func in _MAKERS:
            size = (kwargs or {}).get("size", args)
            size = size[0] if len(size) and isinstance(size[0], Sequence) else size
            self.left -= math.prod(part for part in size if isinstance(part, int)) ** (2 if func is torch.eye else 1)
            if self.left < 0:
                wrong = "the parts of this run do not fit: its settings ask for a much larger network than it holds"
                raise DataError(self.file, None, wrong, f"it has {self.size} bytes", _WAY)
        return func(*args, **(kwargs or {}))


def _opened(file: Path) -> Any:
    try:
        return safe_open(file, "pt")
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        wrong = f"the parts of this run do not fit: no safetensors ({error!s:.200})"
        raise DataError(file, None, wrong, "", _WAY) from None
