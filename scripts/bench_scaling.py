"""Measure data-parallel training on one and two processes and predict its scaling over more GPUs.

    python scripts/bench_scaling.py [data=toy-srl] [steps=60] [repeats=3] [link_gbits=100] [latency_us=20]
    [gpu_speedup=1]

It takes about 2 minutes on two cores and prints three results:

1. Sentences per second of the recipe=srl labeller with one and with two processes on this machine, one thread each,
   over gloo, with the same token budget per process.
2. The cost of gradient exchange: its size in bytes, and the time of an all-reduce of that size between two processes
   on this machine.
3. A prediction, not a measurement, for 8 to 64 GPUs. One update on N processes takes

       t(N) = c / s + 2 (N - 1) / N · bytes / link + 2 (N - 1) · latency

   where c is the time of one batch in one process here and s the speed of a GPU relative to it (`gpu_speedup`). The
   other terms model a ring all-reduce over links of `link_gbits` that sends 2 (N - 1) messages with a latency of
   `latency_us` each (Patarasuk and Yuan 2009). The model ignores overlap with the backward pass, which underestimates
   the speed, and assumes that all batches take equally long, which overestimates it.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from omegaconf import DictConfig, OmegaConf
from torch.nn.parallel import DistributedDataParallel

from grunlp.configuration.options import option, parse_options
from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.vocabulary import Vocabulary
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.training.datamodules import make_datamodule
from grunlp.training.launcher import launch, resolve_devices
from grunlp.training.optim import adamw
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.token_budget_datamodule import TokenBudgetDataModule
from grunlp.utils import distributed
from grunlp.utils.cli import command


@dataclass
class Options:
    """Options of this script."""

    data: str = option("toy-srl", "data set of recipe=srl")
    steps: int = option(60, "updates per repeat", minimum=1, maximum=10**9)
    repeats: int = option(3, "repeats, of which the median counts", minimum=1, maximum=10**9)
    link_gbits: float = option(100.0, "bandwidth between GPUs, in Gbit/s", minimum=1e-3, maximum=1e6)
    latency_us: float = option(20.0, "latency of a message, in microseconds", minimum=0.0, maximum=1e6)
    gpu_speedup: float = option(1.0, "speed of a GPU relative to a process here", minimum=1e-3, maximum=1e6)


_GPU_COUNTS = (8, 16, 32, 64)


class _LossModule(torch.nn.Module):
    """Wrapper that computes the loss in `forward`, so that `DistributedDataParallel` covers the model and its loss."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: object) -> torch.Tensor:
        """Return the loss of a batch."""
        loss: torch.Tensor = self.model.loss(self.model(batch), batch)  # type: ignore[operator]
        return loss


def measure(config: DictConfig, steps: int, repeats: int, folder: Path) -> None:
    """Measure training in this process and, on rank 0, save the results to `folder`.

    The results are the seconds per step, the sentences per second of all ranks together, the number of parameters, and
    the seconds of an all-reduce of that many values.

    Args:
        config: configuration of recipe=srl.
        steps: number of updates per repeat.
        repeats: number of repeats; one warm-up repeat runs before them.
        folder: the folder for the results; the file is named after the number of processes.
    """
    resolve_devices(config.trainer)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    corpus = open_srl_corpus(config.data)
    vocabulary = Vocabulary.build(corpus.train, config.vocabulary.min_count, [], {})
    collate = SRLCollator(vocabulary, None)
    data = make_datamodule(corpus, plan_sentence_batches, collate, config.loader, config.trainer, seed=1)
    assert isinstance(data, TokenBudgetDataModule)
    loss_module = _LossModule(build_srl_model(config, vocabulary, None)).train()
    ddp_module: torch.nn.Module = loss_module
    if distributed.world_size() > 1:
        ddp_module = DistributedDataParallel(loss_module, find_unused_parameters=True, broadcast_buffers=False)
    optimizer = adamw(loss_module, 0.001, 0.01, {})
    seconds, sentences = [], []
    for repeat in range(repeats + 1):  # the first repeat is a warm-up
        batches = list(islice(endless_batches(data, repeat), steps))
        distributed.barrier()
        started = time.perf_counter()
        for batch in batches:
            optimizer.zero_grad()
            ddp_module(batch).backward()
            optimizer.step()
        distributed.barrier()
        seconds.append((time.perf_counter() - started) / steps)
        sentences.append(
            sum(distributed.all_gather_object(sum(len(batch.lengths) for batch in batches))) / (seconds[-1] * steps)
        )
    num_parameters = sum(parameter.numel() for parameter in loss_module.parameters())
    all_reduce_seconds = time_all_reduce(num_parameters, repeats) if distributed.world_size() > 1 else 0.0
    results = {
        "step_seconds": statistics.median(seconds[1:]),
        "sentences_per_second": statistics.median(sentences[1:]),
        "num_parameters": num_parameters,
        "all_reduce_seconds": all_reduce_seconds,
    }
    if distributed.rank() == 0:
        OmegaConf.save(results, folder / str(distributed.world_size()))
    distributed.destroy_process_group()


def endless_batches(data: TokenBudgetDataModule, epoch: int) -> Iterator[SRLBatch]:
    """Yield the batches of this rank, restarting from the first after the last."""
    batches = data.batches(epoch)
    for index in count():
        yield batches[data.global_batch_index(index) % len(batches)]


def time_all_reduce(num_parameters: int, repeats: int) -> float:
    """Return the median seconds of an all-reduce of `num_parameters` float32 values."""
    gradients, seconds = torch.ones(num_parameters), []
    for _ in range(repeats + 1):
        distributed.barrier()
        started = time.perf_counter()
        dist.all_reduce(gradients)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


@command(lambda arguments: __doc__ or "")
def main(arguments: list[str]) -> int:
    """Measure one and two processes, then print the measurements and the prediction."""
    options = parse_options(arguments, Options)
    config = compose_config(["recipe=srl", f"data={options.data}", "trainer.accelerator=cpu"])
    OmegaConf.set_struct(config, False)
    results: dict[int, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for processes in (1, 2):
            config.trainer.devices = processes
            launch(measure, config.trainer, config, options.steps, options.repeats, Path(folder))
            results[processes] = OmegaConf.load(Path(folder) / str(processes))
    one, two = results[1], results[2]
    gradient_bytes = 4 * one.num_parameters
    print(f"{os.cpu_count()} cores, {options.data}, batches of {config.loader.batch_tokens} tokens, medians\n")
    print("| processes | ms per update | sentences/s | scaling efficiency |\n|---|---|---|---|")
    for processes, row in results.items():
        efficiency = row.sentences_per_second / (processes * one.sentences_per_second)
        print(f"| {processes} | {1000 * row.step_seconds:.0f} | {row.sentences_per_second:.0f} | {efficiency:.0%} |")
    share, milliseconds = two.all_reduce_seconds / two.step_seconds, 1000 * two.all_reduce_seconds
    print(f"\ngradients: {gradient_bytes / 1e6:.1f} MB; all-reduce: {milliseconds:.1f} ms, {share:.0%} of an update")
    link, latency = options.link_gbits * 1e9 / 8, options.latency_us / 1e6
    predict_step_time(one, gradient_bytes, link, latency, options.gpu_speedup)
    return 0


def predict_step_time(one: Any, gradient_bytes: float, link: float, latency: float, speedup: float) -> None:
    """Print t(N), as defined in the module docstring, and the scaling efficiency for 8 to 64 GPUs.

    Args:
        one: results of one process, as saved by `measure`.
        gradient_bytes: size of the gradients.
        link: bandwidth of a link in bytes per second.
        latency: latency of a message in seconds.
        speedup: speed of a GPU relative to one process of this machine.
    """
    compute = one.step_seconds / speedup
    batch_sentences = one.sentences_per_second * one.step_seconds
    print(f"\nPredicted, not measured: links of {link * 8e-9:g} Gbit/s, latency {latency * 1e6:g} µs per message,")
    print(f"speed of a GPU: {speedup:g} times that of one process here\n")
    print("| GPUs | ms per update | sentences/s | scaling efficiency |\n|---|---|---|---|")
    for gpus in _GPU_COUNTS:
        update = compute + 2 * (gpus - 1) / gpus * gradient_bytes / link + 2 * (gpus - 1) * latency
        print(f"| {gpus} | {1000 * update:.1f} | {gpus * batch_sentences / update:.0f} | {compute / update:.0%} |")


if __name__ == "__main__":
    sys.exit(main())
