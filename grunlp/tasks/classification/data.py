"""Corpora of sequences with a class: texts, or time series of measurements."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import Corpus, remove_overlap, remove_overlap_by_key
from grunlp.data.datasets.cross_validation import select_fold
from grunlp.data.datasets.public import locate_dataset
from grunlp.data.datasets.task_datasets import (
    Splits,
    TaskDatasets,
    generated_splits,
    needs_streaming,
)
from grunlp.data.deduplication import normalized_text
from grunlp.data.examples import LabeledText
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_layout
from grunlp.data.readers.hub import read_hub_classes
from grunlp.data.readers.labeled import (
    are_probably_swapped,
    detect_layout,
    detect_layout_like_training,
    read_labeled_texts,
)
from grunlp.data.readers.text_lines import open_lines
from grunlp.data.toy.sentiment import sentiment_examples
from grunlp.data.toy.sequence_classification import wave_sequences
from grunlp.tasks.classification.array_reader import SUFFIXES, read_arrays
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)


TEXT_FEATURES = Features(
    {"id": Value("string"), "document": Value("string"), "words": List(Value("string")), "label": Value("string")}
)
SERIES_FEATURES = Features(
    {"id": Value("string"), "label": Value("string"), "steps": Value("int32"), "values": List(Value("float32"))}
)


def open_classes(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the corpus described by a configuration; the examples of its splits have `words` or `values`.

    Args:
        data: the group `data`.
        stream: make the training split a `StreamingDataset`, which is read once for its classes.

    Raises:
        UserError: a file or split is missing, malformed or empty; the splits differ in kind; or there is only one
            class.
    """
    disable_progress_bars()
    name = data["name"]
    splits = _open_splits(data, stream)
    is_series = _require_same_kind(name, splits)
    if not is_series and not stream and (data["name"] == "files" and data["label"] is None):
        _require_recurring_classes(name, splits["train"])
    held_out = {key for split, examples in splits.items() if split != "train" for key in _dedup_keys(examples)}
    if stream:
        train, num_removed = remove_overlap(name, splits["train"], held_out)
    else:
        train, num_removed = remove_overlap_by_key(name, splits["train"], _dedup_keys(splits["train"]), held_out)
    corpus = Corpus(name, train, splits["dev"], splits.get("test"), None, num_removed)
    _check_classes(corpus)
    if is_series:
        _require_same_features(name, splits)
    return corpus


def _open_splits(data: Mapping[str, Any], stream: bool) -> Splits:
    if stream and data["name"] == "files" and str(data["train"]).endswith(SUFFIXES):
        message = f"loader.stream_buffer_size with data.train={data['train']}"
        raise UserError(message, "files of measurements cannot be streamed", "Type loader.stream_buffer_size=0")
    return select_fold(_DATASETS.open(data, stream), data, lambda examples: [""] * len(examples))


def _require_same_kind(name: str, splits: Splits) -> bool:
    """Return whether all splits are time series. Raises UserError if some are time series and others are texts."""
    is_series = {split: "words" not in examples.column_names for split, examples in splits.items()}
    if len(set(is_series.values())) > 1:
        details = ", ".join(f"{split}: {'numbers' if series else 'texts'}" for split, series in is_series.items())
        raise UserError(f"{name} has texts in one split and numbers in another", details, "Give files of one kind.")
    return all(is_series.values())


def _check_classes(corpus: Corpus) -> None:
    """Raise UserError unless train has at least two classes and each other split has one of them.

    Classes that do not occur in train are logged.
    """
    name, classes = corpus.name, sorted(set(corpus.train["label"]))
    if len(classes) < 2:
        details = f"it has {len(corpus.train)} examples of {', '.join(classes) or 'no class'}"
        if corpus.num_removed:
            details += f"; {corpus.num_removed} were removed because they occur in dev or test"
        raise UserError(f"{name}: the train split has fewer than two classes", details, "Give other files.")
    for split, examples in (("dev", corpus.dev), ("test", corpus.test)):
        if examples is None:
            continue
        unknown = [label for label in examples["label"] if label not in classes]
        if not unknown:
            continue
        names = ", ".join(sorted(set(unknown))[:10])
        if len(unknown) == len(examples):
            details = f"train has {', '.join(classes[:10])}; {split} has {names}"
            raise UserError(f"{name}: no class of the {split} split occurs in train", details, "Give other files.")
        log.warning(
            "%s: %d of %d examples in the %s split have a class that does not occur in train: %s",
            name, len(unknown), len(examples), split, names,
        )  # fmt: skip


def _require_recurring_classes(name: str, train: Any) -> None:
    """Raise UserError where most texts have a class of their own: text and class are probably swapped."""
    labels = train["label"]
    if are_probably_swapped(labels):
        first = next(iter(train))
        details = f"the first text is {' '.join(first['words'])[:60]!r}, its class {first['label'][:60]!r}"
        hint = "Type data.source=COLUMN and data.label=COLUMN, by name or by number from 0"
        message = f"{name}: {len(set(labels))} classes for {len(labels)} rows: are the columns swapped?"
        raise UserError(message, details, hint)


def _require_same_features(name: str, splits: Splits) -> None:
    """Raise UserError unless the time series of all splits have the same number of features."""
    sizes = {split: count_features(examples) for split, examples in splits.items()}
    if not sizes["train"]:
        raise UserError(f"{name}: all sequences in the train split are empty", "", "Give other files.")
    if len(set(sizes.values())) > 1:
        details = ", ".join(f"{split} {size}" for split, size in sizes.items())
        raise UserError(f"{name}: the splits differ in their number of features", details, "Give files of one kind.")


def count_features(examples: Iterable[Any]) -> int:
    """Return the number of features C of time series; 0 if all sequences are empty."""
    return next((len(example["values"]) // example["steps"] for example in examples if example["steps"]), 0)


def open_class_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the corpus that a run was trained on. Raises UserError if there is none."""
    return open_classes(data, stream=needs_streaming(data)).require_split(split)


def require_num_features(source: str, num_features: int, expected: int) -> None:
    """Raise UserError if measurements do not have the number of features that the model was trained with."""
    if num_features not in (0, expected):  # 0: all sequences are empty
        raise UserError(
            f"{source} has {num_features} features per step",
            f"the model was trained on {expected}",
            "Use another file.",
        )


def require_same_inputs(run: Path, num_features: int | None, examples: Dataset) -> None:
    """Raise UserError unless examples are of the kind that the model was trained with.

    Args:
        run: the run folder.
        num_features: number of features of the measurements that the model classifies; None: it classifies texts.
        examples: the examples that `open_class_split` returned.
    """
    if ("values" in examples.column_names) != (num_features is not None):
        inputs = "texts" if num_features is None else "sequences of measurements"
        raise UserError(f"{run} classifies {inputs}", "the examples are of the other kind", "Use other files.")
    if num_features is not None:
        require_num_features("the file", count_features(examples), num_features)


def open_class_file(path: str, requested: FileLayout) -> Dataset:
    """Open one file of examples with classes. requested: the known parts of its layout, as for `detect_layout`."""
    if path.endswith(SUFFIXES):
        return _open_array_file(path, requested.column("text"), requested.column("label"))
    return _open_text_file(path, detect_layout(path, requested))


def open_gold_class_file(
    path: str, trained: FileLayout | None, data: Mapping[str, Any], source: str | None, label: str | None
) -> Dataset:
    """Open a file of examples with classes for a trained model.

    Args:
        path: the file.
        trained: the layout of the training file, if it is known.
        data: the group `data` of the training.
        source: the column, field or array of the examples that the user named; None: as in the training.
        label: the column, field or array of the classes; None: as in the training.
    """
    if path.endswith(SUFFIXES):
        keys = [data.get(key) if data["name"] == "files" else None for key in ("source", "label")]
        return _open_array_file(path, source or keys[0], label or keys[1])
    if trained is None and data["name"] == "files":
        trained = _DATASETS.requested_layout(data)
    return _open_text_file(path, detect_layout_like_training(path, trained, source, label))


def _open_array_file(path: str, source: str | None, label: str | None) -> Dataset:
    path = str(Path(path).resolve())
    return cached_dataset(partial(read_arrays, path, source, label), SERIES_FEATURES, [path])


def _open_text_file(path: str, layout: FileLayout) -> Dataset:
    record_layout(path, layout)
    path = str(Path(path).resolve())
    return cached_dataset(partial(read_labeled_texts, path, layout), TEXT_FEATURES, [path])


def _dedup_keys(examples: Dataset) -> list[str]:
    """Return the deduplication key of each example."""
    if "words" in examples.column_names:
        return [normalized_text(words) for words in examples["words"]]
    numbers = examples.with_format("numpy", columns=["values"])
    return [hashlib.sha256(np.ascontiguousarray(row["values"]).tobytes()).hexdigest() for row in numbers]


def _open_polarity() -> Splits:
    """Open the sentence polarity data as one split, because its protocol is cross-validation."""
    expected = "pos.txt.gz and neg.txt.gz, a sentence a line"
    homepage = "www.cs.cornell.edu/people/pabo/movie-review-data (sentence polarity dataset v1.0)"
    example = "data=files data.train=FILE data.dev=FILE"
    folder = locate_dataset("polarity", "polarity", expected, homepage, example)
    files = [str((folder / f"{name}.txt.gz").resolve()) for name in ("pos", "neg")]
    return {"train": cached_dataset(partial(_read_polarity, *files), TEXT_FEATURES, files)}


def _read_polarity(positive: str, negative: str) -> Iterator[LabeledText]:
    for label, path in (("positive", positive), ("negative", negative)):
        for line in open_lines(Path(path)):
            if line.text.strip():
                yield LabeledText(id=f"{label}-{line.number}", document="", words=line.text.split(), label=label)


_DATASETS = TaskDatasets(
    open_file=open_class_file,
    detect_layout=detect_layout,
    read_file=read_labeled_texts,
    file_columns={"text": "source", "label": "label"},
    read_hub=read_hub_classes,
    hub_features=TEXT_FEATURES,
    hub_columns=("source", "label"),
    named={
        "polarity": _open_polarity,
        "toy-sentiment": partial(generated_splits, sentiment_examples, TEXT_FEATURES),
        "toy-waves": partial(generated_splits, wave_sequences, SERIES_FEATURES),
    },
)
