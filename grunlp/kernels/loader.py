"""The compiled recurrence, in the form that is best for this machine, or none at all."""

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

# Environment variable: "off" leaves the compiled recurrence out, one of the names below takes that one.
ENV_VAR = "GRUNLP_KERNEL"

KERNEL_CELLS = ("gru", "gru-before", "lstm", "rnn", "mingru")  # by their numbers in recurrence.cpp

# Instruction sets by what Torch says of the processor, the best first.
_ISAS_BY_CAPABILITY = {"AVX512": ("avx512", "avx2", "portable"), "AVX2": ("avx2", "portable")}


def available_isas() -> list[str]:
    """Names of the instruction sets that the recurrence was built for and that this processor has, the best first."""
    names = _ISAS_BY_CAPABILITY.get(torch.backends.cpu.get_cpu_capability(), ("portable",))
    return [name for name in names if _library_path(name)]


@cache
def load_library() -> ctypes.CDLL | None:
    """The compiled recurrence, loaded once a process; None where it was not built or is switched off.

    The log names what does the work, in one line.

    Raises:
        UserError: the environment variable names something else than "off" and what was built.
    """
    names, wanted = available_isas(), os.environ.get(ENV_VAR, "").lower()
    if wanted == "off":
        log.info("recurrence: Torch, since %s=off", ENV_VAR)
        return None
    if wanted and wanted not in names:
        there = f"there are: {', '.join(['off', *names])}"
        raise UserError(f"{ENV_VAR}={wanted}: no such recurrence", there, f"Unset {ENV_VAR} to have the best one.")
    if not names:
        log.info("recurrence: Torch; with a C++ compiler at hand, pip install builds a faster one")
        return None
    for name in [wanted] if wanted else names:
        try:
            loaded = _declare_signatures(ctypes.CDLL(str(_library_path(name))))
        except (OSError, AttributeError) as error:  # built elsewhere, damaged, or of another version
            log.warning("recurrence: cannot load the compiled %s: %s", name, error)
        else:
            loaded.grunlp_use_pool(_openmp_pool())
            log.info("recurrence: compiled, %s", name)
            return loaded
    return None


_disabled = False


@contextmanager
def disabled() -> Iterator[None]:
    """Inside, Torch does the work, for comparisons within a process."""
    global _disabled
    before, _disabled = _disabled, True
    try:
        yield
    finally:
        _disabled = before


def is_enabled() -> bool:
    """Whether there is a compiled recurrence and it is not set aside."""
    return not _disabled and load_library() is not None


@cache
def log_once(what: str) -> None:
    """Log what does the work instead of the compiled recurrence, the first time."""
    log.info("recurrence: %s", what)


def _library_path(name: str) -> Path | None:
    paths = (Path(__file__).with_name(f"_recurrence_{name}{suffix}") for suffix in EXTENSION_SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _openmp_pool() -> int | None:
    """Address of what runs a function on the threads that Torch uses, where that is GNU's OpenMP."""
    if _forked:
        return None
    try:
        openmp = ctypes.CDLL("libgomp.so.1", mode=getattr(os, "RTLD_NOLOAD", 0))  # only if it is loaded already
        return ctypes.cast(openmp.GOMP_parallel, ctypes.c_void_p).value
    except (OSError, AttributeError):
        return None


_forked = False  # then the pool's threads are the parent's, and waiting for them would never end


def _reset_pool_after_fork() -> None:
    global _forked
    _forked = True
    loaded = load_library() if load_library.cache_info().currsize else None
    if loaded is not None:
        loaded.grunlp_use_pool(None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_pool_after_fork)


def call_kernel(function: str, *arguments: int | Tensor | None) -> int:
    """Call a function of the library: numbers as they are, of tensors the address; each contiguous and on the CPU."""
    loaded = load_library()
    assert loaded is not None
    result: int = getattr(loaded, function)(*(a.data_ptr() if isinstance(a, Tensor) else a for a in arguments))
    return result


def run(function: str, *arguments: int | Tensor | None) -> None:
    """Call a function that returns whether it failed.

    Raises:
        MemoryError: there was not enough.
    """
    if call_kernel(function, *arguments):
        raise MemoryError(f"{function}: no memory for the states of a step")


def _declare_signatures(loaded: ctypes.CDLL) -> ctypes.CDLL:
    """Tell ctypes the kinds of all arguments: whole numbers of 64 bits first, addresses after them."""
    for function, numbers, addresses, result in (
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
        declared = getattr(loaded, function)
        declared.argtypes = [ctypes.c_int64] * numbers + [ctypes.c_void_p] * addresses
        declared.restype = result
    return loaded
