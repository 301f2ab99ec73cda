"""A small stream of text files for tests."""

from pathlib import Path
from typing import Any

from grunlp.data.datasets.corpus import Corpus
from grunlp.tasks.pretraining.data import open_pretraining_text

FILES = 3
HELD_OUT = ["the held out sentence is here", "so is this one"]


def write_text_stream(folder: Path) -> None:
    """Write sentences of 1 to 6 words, all different, and in each file one of dev."""
    for part in range(FILES):
        lines = [f"w{part}x{i}" + " word" * (i % 6) for i in range(20 + 3 * part)]
        (folder / f"part{part}.txt").write_text("\n".join([*lines, HELD_OUT[part % 2].upper()]) + "\n")
    (folder / "dev.txt").write_text("\n".join(HELD_OUT) + "\n")


def open_stream(folder: Path) -> Corpus:
    data: dict[str, Any] = {"name": "files", "train": f"{folder}/part*.txt", "dev": f"{folder}/dev.txt"}
    data |= {"encoding": None, "exclude_sentences_of": None}
    return open_pretraining_text(data, stream=True)


def naive(folder: Path) -> list[str]:
    """Return the training sentences, read as whole files."""
    lines = [line for part in range(FILES) for line in (folder / f"part{part}.txt").read_text().splitlines()]
    return [line for line in lines if line.lower() not in HELD_OUT]
