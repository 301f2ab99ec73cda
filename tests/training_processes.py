"""Small trainings of each recipe in processes that can be killed, and the results that must not change."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

# Everything that draws, waits or averages.
COMMON = [
    *("trainer.max_epochs=3", "trainer.patience=2", "trainer.ema_decay=0.9", "trainer.average_last_epochs=2"),
    *(
        "trainer.accumulate_grad_batches=2",
        "trainer.limit_train_batches=9",
        "trainer.checkpoint_every_seconds=0.0001",
        "trainer.monitor=dev/loss",
    ),
    "optimizer.learning_rate=0.02",
]
LABELLER = [
    *("model.word_size=8", "model.char_size=4", "model.hidden_size=8", "model.num_layers=1"),
    "loader.batch_tokens=60",
]
WRITER = [
    *("model.embedding_size=8", "model.hidden_size=8", "model.decoder_hidden_size=8", "model.attention_size=8"),
    *(
        "model.num_layers=1",
        "tokenizer.kind=bpe",
        "tokenizer.size=40",
        "tokenizer.subword_regularization=0.3",
        "search.beam=1",
    ),
    *("loader.batch_tokens=200", "search.max_length=5"),
]
SMALL: dict[str, list[str]] = {
    "srl": [*LABELLER, "model.predicate_hidden_size=8", "model.predicate_num_layers=1", "model.predicate_size=4"],
    "tag": ["data=srl-files", *LABELLER, "model.word_dropout=0.2"],
    "finetune": ["loader.batch_tokens=60", "finetune.frozen_layers=1", "finetune.frozen_epochs=2"],
    "pretrain": [*LABELLER, "vocabulary.min_count=1"],
    "translate": WRITER,
    "lm": [
        *("model.embedding_size=8", "model.hidden_size=8", "model.word_dropout=0.1", "model.weight_dropout=0.2"),
        *("model.input_dropout=0.2", "model.num_layers=1", "loader.batch_tokens=200", "loader.bptt=20"),
    ],
    "classify": ["data=toy-sentiment", "model.hidden_size=8", "model.word_size=8", "loader.batch_tokens=100"],
    "forecast": ["data=toy-series", "data.history=24", "data.horizon=6", "model.hidden_size=8", "loader.batch_size=16"],
}


class Done(NamedTuple):
    """How a training ended: its status, negative for a signal, and what it wrote; those of all its processes."""

    status: int
    text: str
    statuses: list[int]


class Trainings:
    """Trainings in processes that are forked from one that has imported what they need."""

    def __enter__(self) -> "Trainings":
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate()

    def __call__(
        self,
        arguments: list[str],
        batch: int | None = None,
        seconds: float | None = None,
        write: int | None = None,
        number: int = signal.SIGKILL,
        threads: int = 1,
        ranks: int = 1,
    ) -> Done:
        """Run `python -m grunlp.train` with these arguments.

        Args:
            batch: at whose beginning, counted over all epochs of this process, it sends itself a signal; None: never.
            seconds: after which it is sent one, if it still runs; None: never.
            write: the file, counted from 0, before whose renaming it is killed; None: none.
            number: of the signal.
            threads: of torch.
            ranks: processes that train together. The last one sends itself the signal; its status is given.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        job = {"arguments": arguments, "batch": batch, "seconds": seconds, "write": write}
        job |= {"number": number, "threads": threads}
        job |= {"ranks": ranks, "port": _free_port()}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return Done(*json.loads(self.process.stdout.readline()))


def results(run_dir: Path) -> dict[str, Any]:
    """What a training leaves, but for how long it took. Of the log what is no mean over an epoch."""
    metrics = json.loads((run_dir / "metrics.json").read_text())
    for name in ("seconds", "peak_memory_mib"):
        assert metrics["training"].pop(name) > 0
    with (run_dir / "logs/csv/metrics.csv").open(newline="") as file:
        names = ("step", "epoch", "train/loss_step", "train/gradient_norm", "lr-AdamW/pg1", "dev/loss")
        log = [{name: row.get(name) for name in names} for row in csv.DictReader(file)]
    left = sorted(path.name for path in run_dir.iterdir())
    return {"weights": (run_dir / "weights.safetensors").read_bytes(), "metrics": metrics, "log": log, "files": left}


def _serve() -> None:
    import datasets  # noqa: F401
    import hydra  # noqa: F401

    from grunlp.configuration.compose import load_recipe
    from grunlp.configuration.paths import list_config_group

    for recipe in list_config_group("recipe"):
        load_recipe(recipe)  # imports all that a training does
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryFile("w+") as file:
            children = []
            for rank in range(job["ranks"]):
                children.append(os.fork())
                if children[-1] == 0:
                    os.dup2(file.fileno(), 1)
                    os.dup2(file.fileno(), 2)
                    _train(job, rank)
            statuses = [_wait(child, job) for child in reversed(children)]
            file.seek(0)
            print(json.dumps([statuses[0], file.read(), statuses[::-1]]), flush=True)


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port: int = some.getsockname()[1]
    return port


def _train(job: dict[str, Any], rank: int) -> None:
    import torch

    from grunlp.train import main

    status = 1
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    try:
        # a shell lets what it runs in the background ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
        torch.set_num_threads(job["threads"])
        if job["ranks"] > 1:  # as a launcher would begin it
            place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": job["port"], "NODE_RANK": 0, "LOCAL_RANK": rank}
            os.environ.update({name: str(value) for name, value in place.items()})
        if job["batch"] is not None and rank == job["ranks"] - 1:
            _signal_at(job["batch"], job["number"])
        if job["write"] is not None:
            _die_at_write(job["write"])
        sys.argv[1:] = job["arguments"]
        status = main()
    except SystemExit as stop:
        status = int(str(stop.code or 0))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, job: dict[str, Any]) -> int:
    end = time.monotonic() + (job["seconds"] or 1e9)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(child, job["number"])
            end = float("inf")
        time.sleep(0.005)


def _die_at_write(left: int) -> None:
    """With half of a file written, where it is written under another name: whole files are moved."""
    replace = os.replace

    def dying(*paths: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            if os.path.isfile(paths[0]):
                os.truncate(paths[0], os.path.getsize(paths[0]) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*paths)

    os.replace = dying  # type: ignore[assignment]


def _signal_at(left: int, number: int) -> None:
    from pytorch_lightning import Trainer

    from grunlp.training.checkpointing import ResumeCheckpoint

    begin = ResumeCheckpoint.on_train_batch_start

    def signalled(self: ResumeCheckpoint, trainer: Trainer, *arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            os.kill(os.getpid(), number)
        begin(self, trainer, *arguments)

    ResumeCheckpoint.on_train_batch_start = signalled  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    _serve()
