"""Several processes for one training: those that torchrun or SLURM began, or processes of our own on this machine.

    python -m grunlp.train trainer.devices=2                                          on one machine
    torchrun --nnodes 4 --nproc-per-node 8 ... -m grunlp.train trainer.devices=8 trainer.num_nodes=4
    srun python -m grunlp.train trainer.devices=8 trainer.num_nodes=4                 --nodes=4 --ntasks-per-node=8
    MASTER_ADDR=... MASTER_PORT=... NODE_RANK=2 python -m grunlp.train trainer.devices=8 trainer.num_nodes=4

Where one of them ends before its time, the others are ended too.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any

import torch
from lightning_fabric.plugins.environments import LightningEnvironment
from omegaconf import DictConfig
from torch import multiprocessing
from torch.multiprocessing import ProcessContext, ProcessExitedException, ProcessRaisedException

from grunlp.utils import distributed
from grunlp.utils.cli import EXIT_USAGE, configure_logging
from grunlp.utils.errors import UserError
from grunlp.utils.signals import SIGNALS, TerminationSignal, raise_on_signals, signal_handlers

logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # it is said here who was ended

_SHUTDOWN_TIMEOUT = 10.0  # seconds in which the others may end by themselves, when one has


def resolve_devices(trainer_config: DictConfig) -> None:
    """Put a number in the place of `devices=auto`, and meet the other processes where this one was begun as one of
    several.

    Args:
        trainer_config: of the configuration.

    Raises:
        UserError: there are fewer GPUs, or another number of processes was begun.
    """
    found, gpus = distributed.cluster_environment(), uses_gpus(trainer_config.accelerator)
    there = torch.cuda.device_count() if gpus else 1
    if trainer_config.devices == "auto":
        begun = found.world_size() // trainer_config.num_nodes if found is not None else 0
        trainer_config.devices = begun if begun > 1 else there
    if gpus and trainer_config.devices > there:
        wrong = f"trainer.devices={trainer_config.devices}"
        raise UserError(wrong, f"this machine has {there} GPUs", f"Type trainer.devices={there or 1}, or auto")
    if trainer_config.accelerator == "mps" and trainer_config.devices > 1:
        raise UserError("trainer.accelerator=mps with trainer.devices", "it has one", "Type trainer.devices=1")
    total = trainer_config.devices * trainer_config.num_nodes
    if found is None:
        if trainer_config.num_nodes > 1 and not {"MASTER_ADDR", "MASTER_PORT", "NODE_RANK"} <= os.environ.keys():
            there_is = "the machines have to know of each other"
            way = "Begin it by torchrun or srun, or set MASTER_ADDR, MASTER_PORT and NODE_RANK on each machine."
            raise UserError(f"trainer.num_nodes={trainer_config.num_nodes}", there_is, way)
        return
    if not isinstance(found, LightningEnvironment) and found.world_size() != total:
        wrong = f"trainer.devices={trainer_config.devices} with trainer.num_nodes={trainer_config.num_nodes}"
        way = "Type trainer.devices=PROCESSES_A_MACHINE trainer.num_nodes=MACHINES"
        raise UserError(wrong, f"{found.world_size()} processes were begun", way)
    if total > 1 and distributed.world_size() == 1:
        distributed.init_process_group(found, trainer_config.devices, trainer_config.num_nodes, gpus)


def uses_gpus(accelerator: str) -> bool:
    """Whether a training computes on GPUs of NVIDIA or AMD. accelerator: as in the configuration."""
    return accelerator == "gpu" or (accelerator == "auto" and torch.cuda.is_available())


def launch(train: Callable[..., None], trainer_config: DictConfig, *arguments: Any) -> None:
    """Call a function in `trainer.devices` new processes, and wait for all of them. Signals are passed on.

    Args:
        train: it calls `resolve_devices`.
        trainer_config: of the configuration.
        arguments: of the function.

    Raises:
        SystemExit: one ended before its time; status 2 after an error that it has told, as a shell expects after
            a signal that it was sent, else 1.
    """
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "NODE_RANK": "0"}
    place |= {name: os.environ[name] for name in place if trainer_config.num_nodes > 1}
    threads = max(1, torch.get_num_threads() // trainer_config.devices)
    context = multiprocessing.start_processes(
        _worker_main, (train, place, threads, *arguments), trainer_config.devices, join=False, start_method="spawn"
    )
    assert isinstance(context, ProcessContext)
    told: list[int] = []
    try:
        with _forward_signals(context, told):
            while not context.join(timeout=1.0, grace_period=_SHUTDOWN_TIMEOUT):
                pass
    except (ProcessExitedException, ProcessRaisedException) as error:
        sys.exit(_report_failure(error, [process.exitcode for process in context.processes], told))


def _worker_main(
    local_rank: int, train: Callable[..., None], environment: dict[str, str], num_threads: int, *arguments: Any
) -> None:
    """What a new process does."""
    if os.name == "posix":
        os.setpgid(0, 0)  # Ctrl-C reaches the process that waits for this one, and is passed on
    os.environ.update(environment, LOCAL_RANK=str(local_rank))
    configure_logging()
    torch.set_num_threads(num_threads)
    try:
        with raise_on_signals():
            train(*arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except TerminationSignal as stopped:
        sys.exit(stopped.exit_code)


def _forward_signals(context: ProcessContext, received: list[int]) -> AbstractContextManager[None]:
    """Within, to all processes. received: takes those that came."""

    def send(number: int, frame: FrameType | None) -> None:
        received.append(number)
        for process in context.processes:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, number)

    return signal_handlers(send)


def _report_failure(
    error: ProcessExitedException | ProcessRaisedException, exit_codes: list[int | None], received: list[int]
) -> int:
    """Say which process ended before its time, and how; what the command leaves with."""
    if received:
        return 128 + received[0]
    killed = [i for i, status in enumerate(exit_codes) if status is not None and status < 0 and -status not in SIGNALS]
    index = killed[0] if killed else error.error_index
    status = exit_codes[index] or 1
    if status == EXIT_USAGE:
        return EXIT_USAGE  # it has said why
    if isinstance(error, ProcessRaisedException) and not killed:
        print(error, file=sys.stderr)
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    print(f"error: rank {index} of {len(exit_codes)} {how}; the others were stopped", file=sys.stderr)
    return 1


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
    return port
