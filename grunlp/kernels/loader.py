"""Loading of the compiled kernels, in the best build for this processor; without them PyTorch does the work."""

import ctypes
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import torch
from torch import Tensor

from grunlp.utils.errors import UserError

log = logging.getLogger("grunlp")

# Environment variable: "off" disables the compiled kernels, a name of an instruction set selects that build.
ENV_VAR = "GRUNLP_KERNEL"

KERNEL_CELLS = ("gru", "gru-reset-before", "lstm", "rnn", "mingru")  # by their numbers in recurrence.cpp

# Instruction sets by the CPU capability that PyTorch reports, best first.
_ISAS_BY_CAPABILITY = {"AVX512": ("avx512", "avx2", "portable"), "AVX2": ("avx2", "portable")}


def available_isas() -> list[str]:
    """List the instruction sets that the kernels were built for and that this processor has, best first."""
    names = _ISAS_BY_CAPABILITY.get(torch.backends.cpu.get_cpu_capability(), ("portable",))
    return [name for name in names if _library_path(name)]


@cache
def load_library() -> ctypes.CDLL | None:
    """Load the compiled kernels, once in a process; log which implementation is used.

    Returns:
        the library, or None if it was not built or is switched off.

    Raises:
        UserError: the environment variable is neither "off" nor the name of a build.
    """
    names, requested = available_isas(), os.environ.get(ENV_VAR, "").lower()
    if requested == "off":
        log.info("recurrence: PyTorch, since %s=off", ENV_VAR)
        return None
    if requested and requested not in names:
        details = f"there are: {', '.join(['off', *names])}"
        raise UserError(f"{ENV_VAR}={requested}: no such kernel", details, f"Unset {ENV_VAR} to use the best one.")
    if not names:
        log.info("recurrence: PyTorch; with a C++ compiler installed, pip install builds faster kernels")
        return None
    for name in [requested] if requested else names:
        try:
            library = _declare_signatures(ctypes.CDLL(str(_library_path(name))))
        except (OSError, AttributeError) as error:  # built elsewhere, damaged, or of another version
            log.warning("recurrence: cannot load the compiled kernel %s: %s", name, error)
        else:
            library.grunlp_use_pool(_openmp_pool())
            log.info("recurrence: compiled, %s", name)
            return library
    return None


_disabled = False


@contextmanager
def disabled() -> Iterator[None]:
    """Use PyTorch instead of the compiled kernels within the context, for comparisons in one process."""
    global _disabled
    before, _disabled = _disabled, True
    try:
        yield
    finally:
        _disabled = before


def is_enabled() -> bool:
    """Return whether the compiled kernels are loaded and not disabled."""
    return not _disabled and load_library() is not None


@cache
def log_once(implementation: str) -> None:
    """Log, the first time, which implementation replaces the compiled kernels."""
    log.info("recurrence: %s", implementation)


def _library_path(name: str) -> Path | None:
    paths = (Path(__file__).with_name(f"_recurrence_{name}{suffix}") for suffix in EXTENSION_SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _openmp_pool() -> int | None:
    """Return the address of the function that runs work on PyTorch's threads, if those are GNU OpenMP's."""
    if _forked:
        return None
    try:
        openmp = ctypes.CDLL("libgomp.so.1", mode=getattr(os, "RTLD_NOLOAD", 0))  # only if it is already loaded
        return ctypes.cast(openmp.GOMP_parallel, ctypes.c_void_p).value
    except (OSError, AttributeError):
        return None


_forked = False  # after a fork the pool's threads belong to the parent, and waiting for them would never end


def _reset_pool_after_fork() -> None:
    global _forked
    _forked = True
    torch.set_num_threads(1)  # PyTorch would wait for them, too
    library = load_library() if load_library.cache_info().currsize else None
    if library is not None:
        library.grunlp_use_pool(None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_pool_after_fork)


def call_kernel(function: str, *arguments: int | Tensor | None) -> int:
    """Call a function of the library with integers and tensors, which must be contiguous and on the CPU."""
    library = load_library()
    assert library is not None
    result: int = getattr(library, function)(*(a.data_ptr() if isinstance(a, Tensor) else a for a in arguments))
    return result


def run(function: str, *arguments: int | Tensor | None) -> None:
    """Call a function of the library that returns whether it failed.

    Raises:
        MemoryError: there was not enough memory.
    """
    if call_kernel(function, *arguments):
        raise MemoryError(f"{function}: not enough memory for the states of a step")


def _declare_signatures(library: ctypes.CDLL) -> ctypes.CDLL:
    """Declare the types of all functions: 64-bit integers first, then addresses."""
    for function, num_integers, num_addresses, result in (
        ("grunlp_width", 0, 0, ctypes.c_int64),
        ("grunlp_use_pool", 0, 1, None),
        ("grunlp_packed_size", 5, 0, ctypes.c_int64),
        ("grunlp_pack", 4, 2, None),
        ("grunlp_pack_backward", 3, 2, None),
        ("grunlp_forward", 6, 9, ctypes.c_int64),
        ("grunlp_backward", 5, 11, ctypes.c_int64),
        ("grunlp_matrix_size", 3, 0, ctypes.c_int64),
        ("grunlp_pack_matrix", 3, 2, None),
        ("grunlp_affine", 5, 4, ctypes.c_int64),
        ("grunlp_best_scores", 4, 5, ctypes.c_int64),
    ):
        declared = getattr(library, function)
        declared.argtypes = [ctypes.c_int64] * num_integers + [ctypes.c_void_p] * num_addresses
        declared.restype = result
    return library
