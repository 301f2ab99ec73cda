"""How training scales over processes: about 2 minutes on two cores.

    python scripts/bench_scaling.py [data=demo] [steps=60] [repeats=3] [link_gbits=100] [latency_us=20] [gpu_speedup=1]

1. Sentences a second of the labeller of recipe=srl with one and with two processes on this machine, of one thread each,
   over gloo: all take batches of the same budget.
2. What the exchange of gradients costs: its bytes, and the seconds of an all-reduce of as many numbers between two
   processes here.
3. A prediction, not a measurement, for 8 to 64 GPUs. An update of N processes takes

       t(N) = c / s + 2 (N - 1) / N · bytes / link + 2 (N - 1) · latency

   c: seconds of a batch on one process here; s: how much faster a GPU is (`gpu_speedup`); then a ring all-reduce over
   links of `link_gbits`, whose 2 (N - 1) messages each wait for `latency_us` (Patarasuk and Yuan 2009). Nothing of it
   is taken to hide behind the backward pass, which makes the prediction too low, and all batches are taken to last as
   long, which makes it too high.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from omegaconf import DictConfig, OmegaConf
from torch.nn.parallel import DistributedDataParallel

from grunlp.configuration.compose import compose_config
from grunlp.configuration.key_value_args import parse_arguments
from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.vocabulary import Vocabulary
from grunlp.tasks.srl.checkpoint import build_labelling_model
from grunlp.training.datamodules import SRLDataModule
from grunlp.training.launcher import launch, resolve_devices
from grunlp.training.optim import adamw
from grunlp.utils import distributed
from grunlp.utils.cli import command

DEFAULTS = {
    "data": "demo",
    "steps": 60,
    "repeats": 3,
    "link_gbits": 100.0,
    "latency_us": 20.0,
    "gpu_speedup": 1.0,
}
_GPU_COUNTS = (8, 16, 32, 64)


class _LossModule(torch.nn.Module):
    """Batch → loss, so that `DistributedDataParallel` sees both."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: object) -> torch.Tensor:
        """The loss."""
        loss: torch.Tensor = self.model.loss(self.model(batch), batch)  # type: ignore[operator]
        return loss


def measure(config: DictConfig, steps: int, repeats: int, folder: Path) -> None:
    """Train for some steps, in each process its own batches; the first writes the seconds of a step, sentences a second
    of all, weights, and the seconds of an all-reduce of as many numbers."""
    resolve_devices(config.trainer)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    corpus = open_srl_corpus(config.data)
    vocabulary = Vocabulary.build(corpus.train, config.vocabulary.min_count, [], {})
    collate, budget = SRLCollator(vocabulary, None), config.loader.batch_tokens
    data = SRLDataModule(corpus, collate, budget, num_workers=0, extra_epochs=0, reshuffle=True, seed=1)
    model = _LossModule(build_labelling_model(config, vocabulary, None)).train()
    whole: torch.nn.Module = model
    if distributed.world_size() > 1:
        whole = DistributedDataParallel(model, find_unused_parameters=True, broadcast_buffers=False)
    optimizer = adamw(model, 0.001, 0.01, {})
    seconds, sentences = [], []
    for repeat in range(repeats + 1):  # the first warms up
        batches = list(islice(endless_batches(data, repeat), steps))
        distributed.barrier()
        started = time.perf_counter()
        for batch in batches:
            optimizer.zero_grad()
            whole(batch).backward()
            optimizer.step()
        distributed.barrier()
        seconds.append((time.perf_counter() - started) / steps)
        sentences.append(
            sum(distributed.all_gather_object(sum(len(batch.lengths) for batch in batches))) / (seconds[-1] * steps)
        )
    weights = sum(parameter.numel() for parameter in model.parameters())
    exchange = time_all_reduce(weights, repeats) if distributed.world_size() > 1 else 0.0
    found = {
        "step": statistics.median(seconds[1:]),
        "sentences": statistics.median(sentences[1:]),
        "weights": weights,
        "exchange": exchange,
    }
    if distributed.rank() == 0:
        OmegaConf.save(found, folder / str(distributed.world_size()))
    distributed.destroy_process_group()


def endless_batches(data: SRLDataModule, epoch: int) -> Iterator[SRLBatch]:
    """The batches of this process, from the beginning again where they end."""
    batches = data.batches(epoch)
    for turn in count():
        yield batches[data.global_batch_index(turn) % len(batches)]


def time_all_reduce(num_parameters: int, repeats: int) -> float:
    """Seconds of an all-reduce of so many float32 numbers."""
    gradients, seconds = torch.ones(num_parameters), []
    for _ in range(repeats + 1):
        distributed.barrier()
        started = time.perf_counter()
        dist.all_reduce(gradients)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def help_text(arguments: list[str]) -> str:
    """The first lines of this file."""
    return __doc__ or ""


@command(help_text)
def main(arguments: list[str]) -> int:
    """Measure, then predict."""
    options = parse_arguments(arguments, DEFAULTS)
    config = compose_config(["recipe=srl", f"data={options['data']}", "trainer.accelerator=cpu"])
    OmegaConf.set_struct(config, False)
    found: dict[int, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for processes in (1, 2):
            config.trainer.devices = processes
            launch(measure, config.trainer, config, options["steps"], options["repeats"], Path(folder))
            found[processes] = OmegaConf.load(Path(folder) / str(processes))
    one, two = found[1], found[2]
    size = 4 * one.weights
    print(f"{os.cpu_count()} cores, {options['data']}, batches of {config.loader.batch_tokens} tokens, medians\n")
    print("| processes | ms an update | sentences a second | of the ideal |\n|---|---|---|---|")
    for processes, row in found.items():
        ideal = row.sentences / (processes * one.sentences)
        print(f"| {processes} | {1000 * row.step:.0f} | {row.sentences:.0f} | {ideal:.0%} |")
    share, spent = two.exchange / two.step, 1000 * two.exchange
    print(f"\ngradients: {size / 1e6:.1f} MB; their all-reduce takes {spent:.1f} ms, {share:.0%} of an update")
    predict_step_time(one, size, options["link_gbits"] * 1e9 / 8, options["latency_us"] / 1e6, options["gpu_speedup"])
    return 0


def predict_step_time(one: Any, size: float, link: float, latency: float, speedup: float) -> None:
    """Print t(N) of the formula above. size: bytes of gradients; link: bytes a second; latency: seconds."""
    compute, sentences = one.step / speedup, one.sentences * one.step  # of a batch
    print(
        f"\nPredicted, not measured: links of {link * 8e-9:g} Gbit/s, {latency * 1e6:g} µs a message, a GPU {speedup:g}"
    )
    print("times one process here\n\n| GPUs | ms an update | sentences a second | of the ideal |\n|---|---|---|---|")
    for gpus in _GPU_COUNTS:
        update = compute + 2 * (gpus - 1) / gpus * size / link + 2 * (gpus - 1) * latency
        print(f"| {gpus} | {1000 * update:.1f} | {gpus * sentences / update:.0f} | {compute / update:.0%} |")


if __name__ == "__main__":
    sys.exit(main())
