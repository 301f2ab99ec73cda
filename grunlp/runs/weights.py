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

from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import DataError

MAX_HEADER_BYTES = 2**24  # bytes of the head of a file
SLACK = 2**24  # numbers that a network may have beyond those of its file
_FLOAT_DTYPES, _OTHER_DTYPES = ("F64", "F32", "F16", "BF16"), {torch.int64: "I64", torch.bool: "BOOL"}
_TENSOR_FACTORIES = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye, torch.arange}
_HINT = "Copy the whole folder again, or train anew."

Header = dict[str, tuple[tuple[int, ...], str]]
ModuleT = TypeVar("ModuleT", bound=nn.Module)


def save_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors."""
    # not save_file: it keeps others from reading what it writes, and a run folder is there to be shared
    write_file_atomically(file, save({name: tensor.contiguous() for name, tensor in tensors.items()}))


def load_module(file: Path, build: Callable[[], ModuleT]) -> ModuleT:
    """The network that `build` makes, with the weights of a file; in evaluation mode, on the CPU.

    While it is built, no more numbers are made than such a file can be of: what settings ask for beyond is refused
    before it takes memory.

    Raises:
        DataError: the weights are not those of such a network.
    """
    head = _read_header(file)
    with _AllocationGuard(file):
        model = build()
    _require_matching_tensors(file, head, model.state_dict())
    model.load_state_dict(_read(file, head))
    return model.eval()


def load_tensors(file: Path, reference: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The tensors of a file.

    Args:
        file: safetensors.
        reference: tensors of the names, shapes and kinds it must have; None: any.

    Raises:
        DataError: it is no such file.
    """
    head = _read_header(file)
    if reference is not None:
        _require_matching_tensors(file, head, reference)
    return _read(file, head)


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors of a file, without reading them. Raises DataError: it is no such file."""
    return {name: shape for name, (shape, _) in _read_header(file).items()}


def _require_matching_tensors(file: Path, header: Header, reference: Mapping[str, Tensor]) -> None:
    _require_names(file, set(header), set(reference))
    for name, (shape, kind) in header.items():
        expected = (tuple(reference[name].shape), _OTHER_DTYPES.get(reference[name].dtype, "F"))
        found = (shape, "F" if kind in _FLOAT_DTYPES else kind)
        if expected != found:
            there = f"the network has {expected}"
            raise DataError(file, None, f"the parts of this run do not fit: {name} is {found}", there, _HINT)


def _read(file: Path, header: Header) -> dict[str, Tensor]:
    with _open_safetensors(file) as opened:
        return {name: opened.get_tensor(name) for name in header}


def _require_names(file: Path, found: set[str], expected: set[str]) -> None:
    for name in sorted(found ^ expected)[:1]:
        wrong = f"{name[:100]} is {'not one of its weights' if name in found else 'missing'}"
        there = f"the network has {len(expected)} tensors, the file {len(found)}"
        raise DataError(file, None, f"the parts of this run do not fit: {wrong}", there, _HINT)


def _read_header(file: Path) -> Header:
    """Shape and kind of each tensor."""
    try:
        with file.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
    except OSError as error:
        raise DataError(file, None, f"cannot be read: {error.strerror or error}", "", _HINT) from None
    if length > MAX_HEADER_BYTES:
        wrong = f"the parts of this run do not fit: a head of {length} bytes"
        raise DataError(file, None, wrong, f"{MAX_HEADER_BYTES} are the most", _HINT)
    with _open_safetensors(file) as opened:
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
        found = {name: (tuple(one.get_shape()), str(one.get_dtype())) for name, one in slices.items()}
    known = (*_FLOAT_DTYPES, *_OTHER_DTYPES.values())
    odd = next((kind for _, kind in found.values() if kind not in known), None)
    if odd is not None:
        raise DataError(file, None, f"holds numbers of kind {odd}", f"expected {', '.join(known)}", _HINT)
    return found


class _AllocationGuard(TorchFunctionMode):
    """As many numbers may be made within as a file of weights allows."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.size = file, file.stat().st_size
        self.remaining = 2 * self.size + SLACK

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """What every function of torch goes through."""
        if func in _TENSOR_FACTORIES:
            size = (kwargs or {}).get("size", args)
            size = size[0] if len(size) and isinstance(size[0], Sequence) else size
            self.remaining -= math.prod(part for part in size if isinstance(part, int)) ** (
                2 if func is torch.eye else 1
            )
            if self.remaining < 0:
                wrong = "the parts of this run do not fit: its settings ask for a much larger network than it holds"
                raise DataError(self.file, None, wrong, f"it has {self.size} bytes", _HINT)
        return func(*args, **(kwargs or {}))


def _open_safetensors(file: Path) -> Any:
    try:
        return safe_open(file, "pt")
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        wrong = f"the parts of this run do not fit: no safetensors ({error!s:.200})"
        raise DataError(file, None, wrong, "", _HINT) from None
