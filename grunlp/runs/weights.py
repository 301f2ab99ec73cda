"""Weight files in safetensors format; a file's header is checked against the network before memory is allocated."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import DataError
from grunlp.utils.safe_load import open_regular_file

MAX_HEADER_BYTES = 2**24
MAX_TENSORS = 2**13
SLACK = 2**24  # elements that a network may allocate in addition to twice the bytes of its file
TENSOR_SLACK = 2**9  # tensors that a network may allocate in addition to twice those of its file
_FLOAT_DTYPES, _OTHER_DTYPES = ("F64", "F32", "F16", "BF16"), {torch.int64: "I64", torch.bool: "BOOL"}
_TENSOR_FACTORIES = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye, torch.arange}
_HINT = "Copy the whole folder again, or repeat the training."

Header = dict[str, tuple[tuple[int, ...], str]]
ModuleT = TypeVar("ModuleT", bound=nn.Module)


def save_tensors(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a file."""
    # not safetensors' save_file, which makes files that only their owner can read, because run folders are shared
    write_file_atomically(file, save({name: tensor.contiguous() for name, tensor in tensors.items()}))


def load_module(file: Path, build: Callable[[], ModuleT]) -> ModuleT:
    """Build a network and load its weights; it is in evaluation mode, on the CPU.

    While the network is built, the number of tensors that it may allocate, and of their elements, is bounded by those
    of the file, so that a configuration which asks for a much larger network is refused before it takes memory. Modules
    take memory and time even if their tensors are tiny.

    Args:
        file: the weights.
        build: builds the network with random weights.

    Raises:
        DataError: the weights do not belong to such a network.
    """
    with _open_safetensors(file) as opened:
        header = _read_header(file, opened)
        with _AllocationGuard(file, len(header)):
            model = build()
        _require_matching_tensors(file, header, model.state_dict())
        tensors = _read(file, opened, header)
    _require_finite(file, tensors)
    model.load_state_dict(tensors)
    return model.eval()


def load_tensors(
    file: Path, reference: Mapping[str, Tensor] | None = None, require_finite: bool = True
) -> dict[str, Tensor]:
    """Load the tensors of a file.

    Args:
        file: a file in safetensors format.
        reference: tensors with the names, shapes and dtypes that the file must have; None: any.
        require_finite: refuse NaN and infinity.

    Raises:
        DataError: the file is not in this format, or does not match `reference`.
    """
    with _open_safetensors(file) as opened:
        header = _read_header(file, opened)
        if reference is not None:
            _require_matching_tensors(file, header, reference)
        tensors = _read(file, opened, header)
    if require_finite:
        _require_finite(file, tensors)
    return tensors


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors of a file without reading them.

    Raises DataError if the file has another format.
    """
    with _open_safetensors(file) as opened:
        return {name: shape for name, (shape, _) in _read_header(file, opened).items()}


def _require_finite(file: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            count = int((~tensor.isfinite()).sum())
            details = f"{count} of its {tensor.numel()} numbers: the training diverged, or the file is damaged"
            hint = "Copy the whole folder again, or train again with a lower optimizer.learning_rate"
            raise DataError(file, None, f"{name[:100]} has numbers that are NaN or infinite", details, hint)


def _require_matching_tensors(file: Path, header: Header, reference: Mapping[str, Tensor]) -> None:
    _require_names(file, set(header), set(reference))
    for name, (shape, dtype) in header.items():
        expected = (tuple(reference[name].shape), _OTHER_DTYPES.get(reference[name].dtype, "F"))
        stored = (shape, "F" if dtype in _FLOAT_DTYPES else dtype)
        if expected != stored:
            details = f"the network has {expected}"
            raise DataError(
                file, None, f"the files of this run do not fit together: {name} is {stored}", details, _HINT
            )


def _read(file: Path, opened: Any, header: Header) -> dict[str, Tensor]:
    with _translate_safetensors_errors(file):
        return {name: opened.get_tensor(name) for name in header}


def _require_names(file: Path, stored: set[str], expected: set[str]) -> None:
    for name in sorted(stored ^ expected)[:1]:
        problem = f"{name[:100]} is {'not one of its weights' if name in stored else 'missing'}"
        details = f"the network has {len(expected)} tensors, the file {len(stored)}"
        raise DataError(file, None, f"the files of this run do not fit together: {problem}", details, _HINT)


def _read_header(file: Path, opened: Any) -> Header:
    """Read the shape and dtype of each tensor."""
    with _translate_safetensors_errors(file):
        if (count := len(opened.keys())) > MAX_TENSORS:
            problem = f"the files of this run do not fit together: {count} tensors"
            raise DataError(file, None, problem, f"at most {MAX_TENSORS} are allowed", _HINT)
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
        header = {name: (tuple(tensor.get_shape()), str(tensor.get_dtype())) for name, tensor in slices.items()}
    known = (*_FLOAT_DTYPES, *_OTHER_DTYPES.values())
    unknown = next((dtype for _, dtype in header.values() if dtype not in known), None)
    if unknown is not None:
        raise DataError(file, None, f"contains numbers of dtype {unknown}", f"expected {', '.join(known)}", _HINT)
    return header


class _AllocationGuard(TorchFunctionMode):
    """A limit on the tensors and their elements that may be allocated while a network is built, set by its file."""

    def __init__(self, file: Path, tensors: int) -> None:
        super().__init__()
        self.file, self.size, self.tensors = file, file.stat().st_size, tensors
        self.remaining, self.remaining_tensors = 2 * self.size + SLACK, 2 * tensors + TENSOR_SLACK

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Count the elements that a tensor factory allocates, then call the function."""
        if func in _TENSOR_FACTORIES:
            size = (kwargs or {}).get("size", args)
            size = size[0] if len(size) and isinstance(size[0], Sequence) else size
            self.remaining -= math.prod(part for part in size if isinstance(part, int)) ** (
                2 if func is torch.eye else 1
            )
            self.remaining_tensors -= 1
            if min(self.remaining, self.remaining_tensors) < 0:
                problem = "the files of this run do not fit together: its configuration asks for a much larger network"
                details = f"the file has {self.size} bytes, with {self.tensors} tensors"
                raise DataError(self.file, None, problem, details, _HINT)
        return func(*args, **(kwargs or {}))


def _open_safetensors(file: Path) -> Any:
    """Open a file, once for its header and its tensors, so that both are of the same file."""
    try:
        with open_regular_file(file) as raw:
            length = int.from_bytes(raw.read(8), "little")
    except OSError as error:
        raise DataError(file, None, f"cannot be read: {error.strerror or error}", "", _HINT) from None
    if length > MAX_HEADER_BYTES:
        problem = f"the files of this run do not fit together: a header of {length} bytes"
        raise DataError(file, None, problem, f"at most {MAX_HEADER_BYTES} are allowed", _HINT)
    with _translate_safetensors_errors(file):
        return safe_open(file, "pt")


@contextmanager
def _translate_safetensors_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        problem = f"the files of this run do not fit together: not in safetensors format ({error!s:.200})"
        raise DataError(file, None, problem, "", _HINT) from None
