"""Running text for language models: lines in their original order."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Value, concatenate_datasets, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import SPLITS, Corpus
from grunlp.data.datasets.cross_validation import select_fold
from grunlp.data.datasets.file_patterns import glob_absolute_paths
from grunlp.data.datasets.public import PublicFile, locate_dataset
from grunlp.data.datasets.task_datasets import Splits, TaskDatasets, generated_splits
from grunlp.data.deduplication import normalized_text
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_layout
from grunlp.data.readers.hub import read_hub_lines
from grunlp.data.readers.json_records import json_format
from grunlp.data.readers.markup import warn_of_markup
from grunlp.data.readers.parallel import read_sources
from grunlp.data.readers.text_lines import open_lines
from grunlp.data.toy import toy_srl_examples
from grunlp.runs.layout import run_layout
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

FEATURES = Features({"text": Value("string")})

_SHAKESPEARE = PublicFile(
    "input.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)
_DEV_FRACTION = 0.1  # of the characters of a text without a development split, from its end
# Only lines with at least this many words or letters are compared: shorter ones recur in any text, and some scripts do
# not write spaces.
_MIN_WORDS, _MIN_LETTERS = 5, 20


def open_running_text(data: Mapping[str, Any]) -> Corpus:
    """Open the text described by a configuration.

    Training lines that occur in dev or test and have at least five words or twenty letters are removed; their number is
    logged.

    Args:
        data: the group `data`.

    Raises:
        UserError: a file is missing or malformed, a split is empty, or no training text remains.
    """
    disable_progress_bars()
    name = data["name"]
    splits = select_fold(_open_splits(data), data, None)
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    for split, lines in splits.items():
        if not any(text.strip() for text in lines["text"]):
            raise UserError(f"{name}: no text in the {split} split", f"it has {len(lines)} lines", "Use more text.")
    held_out = {normalized_text([text]) for lines in (dev, test) if lines is not None for text in lines["text"]}
    keep = [
        i for i, text in enumerate(train["text"]) if not (_is_sentence(text) and normalized_text([text]) in held_out)
    ]
    num_removed = len(train) - len(keep)
    log.info("%s: %d training lines; %d removed because they occur in dev or test", name, len(keep), num_removed)
    if not any(train[i]["text"].strip() for i in keep):
        raise UserError(f"{name}: all training text occurs in dev or test", f"{num_removed} lines", "Give other files.")
    return Corpus(name, train.select(keep) if num_removed else train, dev, test, None, num_removed)


def open_line_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the text that a run was trained on. Raises UserError if there is none."""
    return open_running_text(data).require_split(split)


def open_line_files(pattern: str, requested: FileLayout) -> Dataset:
    """Open the lines of all files that match a pattern, in order of their names.

    Args:
        pattern: see `glob_files`; files may be plain, gz or xz.
        requested: the encoding, and the column `text`: the field with the text, if lines are JSON objects (None:
            `source` or `text`).
    """
    disable_progress_bars()
    return concatenate_datasets([_open_file(path, requested) for path in glob_absolute_paths(pattern)])


def input_layout(run: Path, data: Mapping[str, Any], field: str | None) -> FileLayout:
    """Return how files are read for a trained model.

    Args:
        run: the run folder.
        data: the group `data` of the training.
        field: the field of JSON objects that the user named; None: as in the training.
    """
    trained = run_layout(run) or FileLayout(columns={"text": data.get("field")})
    return FileLayout(encoding=trained.encoding, columns={"text": field or trained.column("text")})


def require_json(path: str, field: str | None, encoding: str | None) -> None:
    """Raise UserError for a field that the user named, if the file has no JSON objects."""
    if field is not None and json_format(path, encoding) is None:
        details = "its lines are read as they are; only JSON objects have fields"
        hint = "Correct the file, or omit the name of the field."
        raise UserError(f"field {field!r} of {path}, which has no JSON objects", details, hint)


def _open_file(path: str, requested: FileLayout) -> Dataset:
    encoding = requested.encoding or "utf-8"
    format = json_format(path, encoding)
    if format is None:
        warn_of_markup(path, encoding)
    columns = {} if format is None else requested.columns
    layout = FileLayout(format=format or "lines", encoding=encoding, columns=columns)
    record_layout(path, layout)
    return cached_dataset(partial(_read_file, path, layout), FEATURES, [path])


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= _MIN_WORDS or len(normalized_text([text])) >= _MIN_LETTERS


def _open_splits(data: Mapping[str, Any]) -> Splits:
    if data["name"] == "files" and data["field"] is not None:
        for split in filter(data.get, SPLITS):
            for path in glob_absolute_paths(data[split]):
                require_json(path, data["field"], data["encoding"])
    splits = _DATASETS.open(data)
    if data["name"] == "files":
        _require_disjoint(data)
        if "dev" not in splits:
            splits |= _split_off_dev(splits["train"])
    return splits


def _require_disjoint(data: Mapping[str, Any]) -> None:
    """Raise UserError if a training file is also in dev or test."""
    for split in ("dev", "test"):
        if data[split] is None:
            continue
        if shared := sorted({*glob_absolute_paths(data["train"])} & {*glob_absolute_paths(data[split])}):
            details = "a text must not be in two splits"
            raise UserError(f"{shared[0]} is in train and in {split}", details, "Separate the files.")


def _split_off_dev(lines: Dataset) -> Splits:
    """Make the last tenth of the text the development split.

    It is measured in characters and consists of whole lines.
    """
    sizes = [len(text) + 1 for text in lines["text"]]
    budget, num_train = sum(sizes) * (1 - _DEV_FRACTION), 0
    while num_train < len(sizes) and budget >= sizes[num_train]:
        budget -= sizes[num_train]
        num_train += 1
    if not num_train:
        details = f"{len(lines)} lines, which are too long to split off the last tenth of the text for dev"
        raise UserError("data.dev is not given", details, "Add data.dev=FILE")
    return {"train": lines.select(range(num_train)), "dev": lines.select(range(num_train, len(lines)))}


def _open_tinyshakespeare() -> Splits:
    names = ("input.txt", "input.txt.gz")
    expected, homepage = f"{' or '.join(names)}, all in one", "github.com/karpathy/char-rnn (data/tinyshakespeare)"
    folder = locate_dataset(
        "tinyshakespeare", "tinyshakespeare", expected, homepage, "data=files data.train=FILE",
        [_SHAKESPEARE], "public domain",
    )  # fmt: skip
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise UserError(f"{folder} has no input.txt", f"expected {expected}", f"Get it from {homepage}")
    path = str(file.resolve())
    return {split: cached_dataset(partial(_read_shakespeare, path, split), FEATURES, [path]) for split in SPLITS[:2]}


def _read_file(path: str, layout: FileLayout) -> Iterator[dict[str, str]]:
    for pair in read_sources(path, layout.column("text"), encoding=layout.encoding):
        yield from ({"text": line} for line in pair["source"].split("\n"))


def _read_toy_corpus(split: str) -> Iterator[dict[str, str]]:
    return ({"text": " ".join(example["words"])} for example in toy_srl_examples(split))


def _read_shakespeare(path: str, split: str) -> Iterator[dict[str, str]]:
    """Read one part of the usual split: the first nine tenths of all characters are for training."""
    text = "\n".join(line.text for line in open_lines(Path(path)))
    boundary = int(0.9 * (len(text) + 1))
    part = text[:boundary] if split == "train" else text[boundary:]
    yield from ({"text": line} for line in part.split("\n"))


_DATASETS = TaskDatasets(
    open_file=open_line_files,
    file_columns={"text": "field"},
    read_hub=read_hub_lines,
    hub_features=FEATURES,
    hub_columns=("text",),
    named={
        "toy-srl": partial(generated_splits, _read_toy_corpus, FEATURES),
        "tinyshakespeare": _open_tinyshakespeare,
    },
)
