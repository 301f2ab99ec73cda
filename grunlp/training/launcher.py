"""Training in several processes, started by torchrun or SLURM, or by this module on one machine.

    python -m grunlp.train trainer.devices=2                                          on one machine
    torchrun --nnodes 4 --nproc-per-node 8 ... -m grunlp.train trainer.devices=8 trainer.num_nodes=4
    srun python -m grunlp.train trainer.devices=8 trainer.num_nodes=4                 --nodes=4 --ntasks-per-node=8
    MASTER_ADDR=... MASTER_PORT=... NODE_RANK=2 python -m grunlp.train trainer.devices=8 trainer.num_nodes=4

If one process fails, the others are stopped.
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
from grunlp.utils.cli import EXIT_USAGE, configure_logging, discard_output_without_reader
from grunlp.utils.errors import UserError
from grunlp.utils.signals import SIGNALS, TerminationSignal, raise_on_signals, signal_handlers

_SHUTDOWN_TIMEOUT = 10.0  # seconds for the other processes to exit when one has failed


def resolve_devices(trainer_config: DictConfig) -> None:
    """Replace `devices=auto` by a number; under torchrun or SLURM, join the process group.

    Args:
        trainer_config: the group `trainer` of the configuration; changed in place.

    Raises:
        UserError: there are fewer GPUs, or the launcher started another number of processes.
    """
    environment, gpus = distributed.cluster_environment(), uses_gpus(trainer_config.accelerator)
    available = torch.cuda.device_count() if gpus else 1
    if trainer_config.devices == "auto":
        started = environment.world_size() // trainer_config.num_nodes if environment is not None else 0
        trainer_config.devices = started if started > 1 else available
    if gpus and trainer_config.devices > available:
        message = f"trainer.devices={trainer_config.devices}"
        hint = f"Type trainer.devices={available or 1}, or auto"
        raise UserError(message, f"this machine has {available} GPUs", hint)
    if trainer_config.accelerator == "mps" and trainer_config.devices > 1:
        raise UserError(
            "trainer.accelerator=mps with several trainer.devices",
            "there is only one MPS device",
            "Type trainer.devices=1",
        )
    total = trainer_config.devices * trainer_config.num_nodes
    if environment is None:
        if trainer_config.num_nodes > 1 and not {"MASTER_ADDR", "MASTER_PORT", "NODE_RANK"} <= os.environ.keys():
            details = "the machines need each other's address"
            hint = "Start it with torchrun or srun, or set MASTER_ADDR, MASTER_PORT and NODE_RANK on each machine."
            raise UserError(f"trainer.num_nodes={trainer_config.num_nodes}", details, hint)
        return
    if not isinstance(environment, LightningEnvironment) and environment.world_size() != total:
        message = f"trainer.devices={trainer_config.devices} with trainer.num_nodes={trainer_config.num_nodes}"
        hint = "Type trainer.devices=PROCESSES_PER_MACHINE trainer.num_nodes=MACHINES"
        raise UserError(message, f"{environment.world_size()} processes were started", hint)
    if total > 1 and distributed.world_size() == 1:
        distributed.init_process_group(environment, trainer_config.devices, trainer_config.num_nodes, gpus)


def uses_gpus(accelerator: str) -> bool:
    """Return whether a training with this `trainer.accelerator` runs on NVIDIA or AMD GPUs."""
    return accelerator == "gpu" or (accelerator == "auto" and torch.cuda.is_available())


def launch(train: Callable[..., None], trainer_config: DictConfig, *arguments: Any) -> None:
    """Call a function in `trainer.devices` new processes, forward signals to them and wait until all have finished.

    Args:
        train: the function; it calls `resolve_devices`.
        trainer_config: the group `trainer` of the configuration.
        arguments: arguments of the function.

    Raises:
        SystemExit: a process failed; the exit status is 2 after a user error, 128 plus the signal number after a
            signal, otherwise 1.
    """
    environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "NODE_RANK": "0"}
    environment |= {name: os.environ[name] for name in environment if trainer_config.num_nodes > 1}
    num_threads = max(1, torch.get_num_threads() // trainer_config.devices)
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # failures are reported below
    context = multiprocessing.start_processes(
        _worker_main,
        (train, environment, num_threads, *arguments),
        trainer_config.devices,
        join=False,
        start_method="spawn",
    )
    assert isinstance(context, ProcessContext)
    received: list[int] = []
    try:
        with _forward_signals(context, received):
            while not context.join(timeout=1.0, grace_period=_SHUTDOWN_TIMEOUT):
                pass
    except (ProcessExitedException, ProcessRaisedException) as error:
        sys.exit(_report_failure(error, [process.exitcode for process in context.processes], received))


def _worker_main(
    local_rank: int, train: Callable[..., None], environment: dict[str, str], num_threads: int, *arguments: Any
) -> None:
    """Run the function in a new process."""
    if os.name == "posix":
        os.setpgid(0, 0)  # Ctrl-C then only reaches the parent, which forwards it
    os.environ.update(environment, LOCAL_RANK=str(local_rank))
    discard_output_without_reader()
    configure_logging()
    torch.set_num_threads(num_threads)
    try:
        with raise_on_signals(), distributed.translate_peer_failures():
            train(*arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except TerminationSignal as termination:
        sys.exit(termination.exit_code)


def _forward_signals(context: ProcessContext, received: list[int]) -> AbstractContextManager[None]:
    """Forward signals to all processes within the context, and record them in `received`."""

    def forward(signum: int, frame: FrameType | None) -> None:
        received.append(signum)
        for process in context.processes:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signum)

    return signal_handlers(forward)


def _report_failure(
    error: ProcessExitedException | ProcessRaisedException, exit_codes: list[int | None], received: list[int]
) -> int:
    """Print which process failed and why; return the exit status of the command."""
    if received:
        return 128 + received[0]
    killed = [i for i, code in enumerate(exit_codes) if code is not None and code < 0 and -code not in SIGNALS]
    index = killed[0] if killed else error.error_index
    exit_code = exit_codes[index] or 1
    if exit_code == EXIT_USAGE:
        return EXIT_USAGE  # the process has printed the error
    if isinstance(error, ProcessRaisedException) and not killed:
        print(error, file=sys.stderr)
    how = f"was killed by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exited with status {exit_code}"
    print(f"error: rank {index} of {len(exit_codes)} {how}; the others were stopped", file=sys.stderr)
    return 1


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
