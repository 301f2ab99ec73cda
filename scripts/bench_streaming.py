"""Measure the memory of a training that streams a corpus larger than memory.

    python scripts/bench_streaming.py [sentences=10000000] [files=100] [stream=20000] [passes=1.0] [out=memory.svg]
    other keys: batch_tokens=20000 workers=0

The script writes a synthetic corpus to a temporary folder: tagged sentences of 3 to 7 words in plain column files, 0.5
GB for ten million sentences. A subprocess then runs recipe=tag with a tiny network: it counts the vocabulary and trains
for `passes` passes over the corpus. Every two seconds the script samples the resident memory of that process and its
workers. It prints a table; with `out` it also plots memory over time.

Ten million sentences took 34 minutes on one core of a busy machine; 100,000 take less than a minute.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from grunlp.configuration.options import option, parse_options
from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError


@dataclass
class Options:
    """Options of this script."""

    sentences: int = option(10_000_000, "training sentences", minimum=1, maximum=10**9)
    files: int = option(100, "training files", minimum=1, maximum=10**9)
    stream: int = option(20_000, "examples of the stream buffer", minimum=1, maximum=10**9)
    passes: float = option(1.0, "passes over the corpus", minimum=0.001, maximum=1e6)
    batch_tokens: int = option(20_000, "tokens in a batch", minimum=1, maximum=10**9)
    workers: int = option(0, "processes that read and encode", minimum=0, maximum=256)
    out: str | None = option(None, "new SVG or PNG file for a plot", content="path")


_WORDS = 20_000  # vocabulary size
_LENGTHS = (3, 8)  # words per sentence: minimum, and one more than the maximum
_SAMPLE_INTERVAL = 2.0  # seconds
_TABLE_FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)  # fractions of the sentences at which the table has a row
_NETWORK = [
    *("model.word_size=4", "model.char_size=2", "model.char_encoder=none", "model.word_shape_features=false"),
    *("model.hidden_size=4", "model.num_layers=1", "model.decoder=viterbi"),
    *("trainer.monitor=dev/loss", "trainer.ema_decay=0", "trainer.max_epochs=1", "trainer.accelerator=cpu"),
    "trainer.checkpoint_every_seconds=60",
]


class MemorySample(NamedTuple):
    """One observation of the training process.

    Attributes:
        seconds: time since the start.
        stage: "starting", "vocabulary" or "training".
        sentences: number of sentences that the stage has read.
        memory: resident memory in MiB.
    """

    seconds: float
    stage: str
    sentences: int
    memory: float


def write_corpus(folder: Path, sentences: int, files: int) -> int:
    """Write the training files and a small development file; return the number of training words."""
    generator, total = np.random.default_rng(1), 0
    words = np.array([f"{a}{b}{c}" for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES][:_WORDS])
    rows = [f"{word}\t{'O' if i % 3 else 'B-X'}\n" for i, word in enumerate(words)]
    for number, count in enumerate([*np.diff(np.linspace(0, sentences, files + 1).astype(int)), 500]):
        lengths = generator.integers(*_LENGTHS, size=count)
        # Approximately Zipf's law: the logarithm of the rank is uniform.
        ids = np.exp(generator.uniform(0, np.log(_WORDS), lengths.sum())).astype(int) - 1
        ends = np.cumsum(lengths).tolist()
        lines = [rows[i] for i in ids.tolist()]
        name = f"part{number:04}.tsv" if number < files else "dev.tsv"
        with (folder / name).open("w", encoding="utf-8") as file:
            file.writelines("".join(lines[a:b]) + "\n" for a, b in zip([0, *ends], ends, strict=False))
        total += int(lengths.sum()) if number < files else 0
    return total


_SYLLABLES = [f"{a}{b}" for a in "bdfgklmnprst" for b in "aeiou"]


class TrainingMonitor:
    """Observer of a training process: its progress, read from its logs, and its memory.

    Args:
        process: the training, with a pipe as standard error.
        metrics_file: CSV log of the training, with the index of the latest batch.
        batch_sentences: mean number of sentences per batch.
    """

    def __init__(self, process: subprocess.Popen[str], metrics_file: Path, batch_sentences: float) -> None:
        self.process, self.metrics_file, self.batch_sentences = process, metrics_file, batch_sentences
        self.stage, self.sentences, self.log_lines = "starting", 0, list[str]()

    def follow(self) -> list[MemorySample]:
        """Sample the process until it ends.

        Raises:
            UserError: the training failed.
        """
        assert self.process.stderr is not None
        listener = threading.Thread(target=self._listen, args=(self.process.stderr,))
        listener.start()
        samples, started = list[MemorySample](), time.monotonic()
        while self.process.poll() is None:
            if self.stage == "training":
                self.sentences = int(self._batches() * self.batch_sentences)
            seconds, memory = time.monotonic() - started, _resident_memory(self.process.pid)
            samples.append(MemorySample(seconds, self.stage, self.sentences, memory))
            time.sleep(_SAMPLE_INTERVAL)
        listener.join()
        if self.process.returncode:
            raise UserError("the training failed", "".join(self.log_lines[-5:]))
        return samples

    def _listen(self, stream: IO[str]) -> None:
        """Read the log and update the stage."""
        for line in stream:
            self.log_lines.append(line)
            if match := re.search(r": (\d+) training examples(,| read)", line):
                self.stage, self.sentences = "vocabulary", int(match[1])
            elif "million weights" in line:
                self.stage, self.sentences = "training", 0

    def _batches(self) -> int:
        """Return the number of batches so far, 0 if the CSV log has no entries yet."""
        lines = self.metrics_file.read_text().splitlines() if self.metrics_file.is_file() else []
        column = lines[0].split(",").index("step") if lines else 0
        return int(lines[-1].split(",")[column]) + 1 if len(lines) > 1 else 0


def _resident_memory(pid: int) -> float:
    """Return the resident memory of a process and its children in MiB; shared pages count once per process."""
    pages = 0
    for process_id in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]:
        try:
            pages += int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
        except OSError:  # the process has ended
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def table(samples: Sequence[MemorySample], sentences: int) -> list[str]:
    """Format memory by stage, at several fractions of the sentences."""
    lines = [f"{'stage':<12}{'sentences':>12}{'seconds':>10}{'MiB':>8}"]
    for stage in ("vocabulary", "training"):
        of_stage = [sample for sample in samples if sample.stage == stage and sample.sentences]
        rows = [next((s for s in of_stage if s.sentences >= share * sentences), None) for share in _TABLE_FRACTIONS]
        for row in dict.fromkeys([*filter(None, rows), *of_stage[-1:]]):
            lines.append(f"{stage:<12}{row.sentences:>12,}{row.seconds:>10.0f}{row.memory:>8.0f}")
    return lines


def plot_memory(path: Path, samples: Sequence[MemorySample], title: str) -> None:
    """Plot memory over time, with one colour per stage."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="tight")
    axes = figure.subplots()
    for stage, colour in (("starting", "#999999"), ("vocabulary", "#c4472b"), ("training", "#2f6f9f")):
        of_stage = [sample for sample in samples if sample.stage == stage]
        axes.plot([s.seconds / 60 for s in of_stage], [s.memory for s in of_stage], color=colour, label=stage)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("minutes")
    axes.set_ylabel("resident memory, MiB")
    axes.set_title(title, fontsize="medium")
    axes.legend(fontsize="small")
    axes.grid(True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=path.suffix.removeprefix("."), dpi=150)


@command(lambda arguments: __doc__ or "")
def main(arguments: list[str]) -> int:
    """Write the corpus, train on it and print the memory."""
    options = parse_options(arguments, Options)
    if options.out and Path(options.out).suffix not in (".svg", ".png"):
        raise UserError(f"out={options.out}", "the plot is an image file", "Type out=memory.svg or out=memory.png")
    sentences, batch_tokens = options.sentences, options.batch_tokens
    with tempfile.TemporaryDirectory(prefix="grunlp-streaming-") as name:
        folder, started = Path(name), time.monotonic()
        words = write_corpus(folder, sentences, options.files)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{sentences:,} sentences of {words:,} words, {size / 2**20:.0f} MiB in {options.files} files, "
              f"written in {time.monotonic() - started:.0f} s", flush=True)  # fmt: skip
        # An upper estimate: the last batch of each shuffle buffer may be almost empty.
        batches = words / batch_tokens + sentences / options.stream
        overrides = [
            *("recipe=tag", "data=files", f"data.train={folder}/part*.tsv", f"data.dev={folder}/dev.tsv"),
            *(f"loader.stream_buffer_size={options.stream}", f"loader.batch_tokens={batch_tokens}"),
            f"loader.num_workers={options.workers}",
            f"trainer.batches_per_epoch={int(options.passes * batches) + 1}",
            *(*_NETWORK, f"run_dir={folder}/run"),
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "grunlp.train", *overrides],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        samples = TrainingMonitor(process, folder / "run/logs/csv/metrics.csv", sentences / batches).follow()
    print("\n".join(table(samples, sentences)))
    print(f"maximum: {max(sample.memory for sample in samples):.0f} MiB")
    if options.out:
        plot_memory(
            Path(options.out),
            samples,
            f"{sentences:,} sentences, {size / 2**20:.0f} MiB, buffer of {options.stream:,}",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
