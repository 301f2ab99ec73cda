"""Memory of a training on data beyond memory: a made-up corpus is written, counted and trained on as a stream.

    python scripts/bench_streaming.py [sentences=10000000] [files=100] [stream=20000] [passes=1.0] [out=memory.svg]
    other keys: batch_tokens=20000 workers=0

The corpus is sentences of 3 to 7 words with their tags, in plain files of columns in a temporary folder: 0.5 GB for
ten million. A training of recipe=tag with a tiny network counts its vocabulary, then reads so many passes of it as
`passes` says, in a process of its own, whose resident memory is looked at every two seconds, with that of its workers.
The table has it at times; `out` takes the curve.

Ten million sentences took 34 minutes on one core beside other work, 100,000 take less than a minute.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from grunlp.configuration.key_value_args import parse_arguments
from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

DEFAULTS: dict[str, Any] = {
    "sentences": 10_000_000,
    "files": 100,
    "stream": 20_000,
    "passes": 1.0,
    "batch_tokens": 20_000,
    "workers": 0,
    "out": None,
}
_WORDS = 20_000  # different ones
_LENGTHS = (3, 8)  # words of a sentence: from, and below
_SAMPLE_INTERVAL = 2.0  # seconds
_TABLE_FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)  # shares of the sentences at which the table has a row
_NETWORK = [
    *("model.word_size=4", "model.character_size=2", "model.characters=none", "model.shapes=false"),
    *("model.hidden_size=4", "model.num_layers=1", "model.decoder=viterbi"),
    *("trainer.monitor=dev/loss", "trainer.average=0", "trainer.max_epochs=1", "trainer.accelerator=cpu"),
    "trainer.save_every=60",
]


class MemorySample(NamedTuple):
    """What was seen at a moment: seconds since the beginning, what was done, how many sentences that had read, MiB."""

    seconds: float
    stage: str
    sentences: int
    memory: float


def write_corpus(folder: Path, sentences: int, files: int) -> int:
    """Write the training files and a small development file; how many words the former have."""
    drawn, total = np.random.default_rng(1), 0
    words = np.array([f"{a}{b}{c}" for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES][:_WORDS])
    rows = [f"{word}\t{'O' if i % 3 else 'B-X'}\n" for i, word in enumerate(words)]
    for number, count in enumerate([*np.diff(np.linspace(0, sentences, files + 1).astype(int)), 500]):
        lengths = drawn.integers(*_LENGTHS, size=count)
        # Zipf's law, nearly: the logarithm of the rank is even
        ids = np.exp(drawn.uniform(0, np.log(_WORDS), lengths.sum())).astype(int) - 1
        ends = np.cumsum(lengths).tolist()
        lines = [rows[i] for i in ids.tolist()]
        name = f"part{number:04}.tsv" if number < files else "dev.tsv"
        with (folder / name).open("w", encoding="utf-8") as file:
            file.writelines("".join(lines[a:b]) + "\n" for a, b in zip([0, *ends], ends, strict=False))
        total += int(lengths.sum()) if number < files else 0
    return total


_SYLLABLES = [f"{a}{b}" for a in "bdfgklmnprst" for b in "aeiou"]


class TrainingMonitor:
    """Follows a training: how far it is, by its log, and how much memory it holds.

    Args:
        process: the training; its standard error is read.
        log: where it writes the number of its last batch.
        sentences: of a batch, on average.
    """

    def __init__(self, process: subprocess.Popen[str], log: Path, sentences: float) -> None:
        self.process, self.log, self.each = process, log, sentences
        self.stage, self.read, self.log_tail = "beginning", 0, list[str]()

    def follow(self) -> list[MemorySample]:
        """Until it ends."""
        assert self.process.stderr is not None
        listener = threading.Thread(target=self._listen, args=(self.process.stderr,))
        listener.start()
        samples, began = list[MemorySample](), time.monotonic()
        while self.process.poll() is None:
            if self.stage == "training":
                self.read = int(self._batches() * self.each)
            samples.append(MemorySample(time.monotonic() - began, self.stage, self.read, _memory(self.process.pid)))
            time.sleep(_SAMPLE_INTERVAL)
        listener.join()
        if self.process.returncode:
            raise UserError("the training ended before its time", "".join(self.log_tail[-5:]))
        return samples

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self.log_tail.append(line)
            if found := re.search(r": (\d+) training examples(,| read)", line):
                self.stage, self.read = "vocabulary", int(found[1])
            elif "million weights" in line:
                self.stage, self.read = "training", 0

    def _batches(self) -> int:
        """The last in the log; 0 before the first lines."""
        lines = self.log.read_text().splitlines() if self.log.is_file() else []
        column = lines[0].split(",").index("step") if lines else 0
        return int(lines[-1].split(",")[column]) + 1 if len(lines) > 1 else 0


def _memory(pid: int) -> float:
    """Resident memory of a process and its children, in MiB; what they share is counted once for each."""
    pages = 0
    for number in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]:
        try:
            pages += int(Path(f"/proc/{number}/statm").read_text().split()[1])
        except OSError:  # it has ended
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def table(samples: Sequence[MemorySample], sentences: int) -> list[str]:
    """Memory of each stage at some shares of the sentences."""
    lines = [f"{'stage':<12}{'sentences':>12}{'seconds':>10}{'MiB':>8}"]
    for stage in ("vocabulary", "training"):
        some = [sample for sample in samples if sample.stage == stage and sample.sentences]
        rows = [next((s for s in some if s.sentences >= share * sentences), None) for share in _TABLE_FRACTIONS]
        for row in dict.fromkeys([*filter(None, rows), *some[-1:]]):
            lines.append(f"{stage:<12}{row.sentences:>12,}{row.seconds:>10.0f}{row.memory:>8.0f}")
    return lines


def plot_memory(path: Path, samples: Sequence[MemorySample], title: str) -> None:
    """The curve of memory over time, with its stages."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="tight")
    axes = figure.subplots()
    for stage, colour in (("beginning", "#999999"), ("vocabulary", "#c4472b"), ("training", "#2f6f9f")):
        some = [sample for sample in samples if sample.stage == stage]
        axes.plot([s.seconds / 60 for s in some], [s.memory for s in some], color=colour, label=stage)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("minutes")
    axes.set_ylabel("resident memory, MiB")
    axes.set_title(title, fontsize="medium")
    axes.legend(fontsize="small")
    axes.grid(True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_path(path) as part:
        figure.savefig(part, format=path.suffix.removeprefix("."), dpi=150)


@command(lambda arguments: __doc__ or "")
def main(arguments: list[str]) -> int:
    """Write, train, tell."""
    given = parse_arguments(arguments, DEFAULTS)
    if given["out"] and Path(given["out"]).suffix not in (".svg", ".png"):
        raise UserError(f"out={given['out']}", "the curve is a picture", "Type out=memory.svg, or memory.png")
    sentences, batch_tokens = given["sentences"], given["batch_tokens"]
    with tempfile.TemporaryDirectory(prefix="grunlp-streaming-") as name:
        folder, began = Path(name), time.monotonic()
        words = write_corpus(folder, sentences, given["files"])
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{sentences:,} sentences of {words:,} words, {size / 2**20:.0f} MiB in {given['files']} files, "
              f"written in {time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        # each buffer ends in a batch that is not full, and sentences of one length do not fill one to the last word
        batches = words / batch_tokens + sentences / given["stream"]
        typed = [
            *("recipe=tag", "data=tags", f"data.train={folder}/part*.tsv", f"data.dev={folder}/dev.tsv"),
            *(f"loader.stream={given['stream']}", f"loader.batch_tokens={batch_tokens}"),
            *(f"loader.num_workers={given['workers']}", f"trainer.limit_batches={int(given['passes'] * batches) + 1}"),
            *(*_NETWORK, f"run_dir={folder}/run"),
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "grunlp.train", *typed], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        samples = TrainingMonitor(process, folder / "run/logs/csv/metrics.csv", sentences / batches).follow()
    print("\n".join(table(samples, sentences)))
    print(f"most: {max(sample.memory for sample in samples):.0f} MiB")
    if given["out"]:
        plot_memory(
            Path(given["out"]),
            samples,
            f"{sentences:,} sentences, {size / 2**20:.0f} MiB, {given['stream']:,} at a time",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
