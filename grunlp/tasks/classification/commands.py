"""What `predict`, `evaluate` and `compare` do with classifiers."""

import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets import Dataset
from omegaconf import DictConfig
from torch import nn

from grunlp.configuration.key_value_args import check_output_paths, parse_arguments, require_new_file
from grunlp.data.readers.parallel import read_sources
from grunlp.metrics.comparison import compare_metrics
from grunlp.runs.layout import write_metrics
from grunlp.tasks.classification.array_reader import SUFFIXES, read_arrays
from grunlp.tasks.classification.checkpoint import (
    TrainedClassifier,
    build_classifier,
    load_classifier_collator,
    load_trained_classifier,
)
from grunlp.tasks.classification.collate import TimeSeriesCollator
from grunlp.tasks.classification.data import count_features, open_class_file, open_class_split
from grunlp.tasks.classification.inference import evaluate_classifier
from grunlp.tasks.classification.metrics import ClassificationScores
from grunlp.tasks.classification.predictor import ClassifierPredictor, load_classifier, text_example
from grunlp.tasks.classification.reader import read_labeled_texts
from grunlp.tasks.record_view import html_page
from grunlp.tasks.spec import EvaluationResult
from grunlp.tasks.srl.checkpoint import encoder_from_config
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, use_json_output, write_output
from grunlp.utils.errors import UserError
from grunlp.visualization.text_view import render_classification

PREDICT_DEFAULTS: dict[str, Any] = {
    "run": None,
    "input": "-",
    "output": "-",
    "html": None,
    "source": None,
    "style": "auto",
    "batch_tokens": 8000,
}
EVALUATE_DEFAULTS: dict[str, Any] = {
    "run": None,
    "split": None,
    "input": None,
    "source": None,
    "label": None,
    "metrics": None,
    "batch_tokens": 8000,
}


def predict(text: str | None, arguments: list[str]) -> int:
    """Classify a typed text, the lines of a file, or the sequences of an array."""
    given = parse_arguments(arguments, PREDICT_DEFAULTS)
    if text is not None and (given["input"] != "-" or given["source"]):
        raise UserError(f"{text!r} with input= or source=", "a text stands for them", "Give one or the other.")
    check_output_paths(given["output"], given["html"])
    classifier = replace(load_classifier(given["run"]), batch_tokens=given["batch_tokens"])
    bad = SkippedLineReporter(given["input"])
    with tempfile.TemporaryDirectory() as folder:
        examples = _read_inputs(classifier, text, given["input"], given["source"], Path(folder), bad)
        show = json_line if use_json_output(given["style"], given["output"]) else _format_line
        with html_page(given["html"], given["run"], render_classification) as keep:
            write_output(given["output"], map(show, keep(classifier.predict_examples(examples))))
    return 1 if bad.count else 0


def _read_inputs(
    classifier: ClassifierPredictor,
    text: str | None,
    path: str,
    source: str | None,
    temp_dir: Path,
    on_error: SkippedLineReporter,
) -> Iterable[Any]:
    """What is to be classified: an example for each line, an empty one too, or for each sequence."""
    features = classifier.num_features
    if text is None and path != "-" and path.endswith(SUFFIXES) != (features is not None):
        kind = "sequences of measurements" if features else "texts"
        raise UserError(f"input={path}", f"this run classifies {kind}", "Name another file or run.")
    if features is not None:
        if text is not None or path == "-":
            there = f"this run classifies sequences of {features} measurements a step"
            raise UserError("a text, or standard input", there, f"Type input=FILE{SUFFIXES[0]}")
        examples = list(read_arrays(path, source, None, labels=False))
        _require_feature_count(path, count_features(examples), features)
        return examples
    if text is not None:
        return [text_example("1", text)]
    path = str(buffer_stdin(temp_dir, "a text a line")) if path == "-" else path
    if ".csv" in Path(path).suffixes or source is not None:
        return read_labeled_texts(path, source, None, on_error, labels=False)
    return (text_example(pair["id"], pair["source"]) for pair in read_sources(path, None, on_error))


def _require_feature_count(path: str, size: int, features: int) -> None:
    if size not in (0, features):  # 0: none has a step
        there = f"this run was trained on {features}"
        raise UserError(f"{path} has {size} features a step", there, "Name another file or run.")


def _format_line(record: Mapping[str, Any]) -> str:
    """For reading: the class, its probability, and of a text its first words."""
    name, text = record["label"], " ".join(record.get("words", [record["id"]]))
    share = 100 * record["probabilities"][name]
    return f"{name:16} {share:5.1f} %  {text if len(text) <= 80 else text[:79] + '…'}\n"


def evaluate(arguments: list[str]) -> int:
    """Classify a split, or a file with classes, and print how well."""
    given = parse_arguments(arguments, EVALUATE_DEFAULTS)
    if given["input"] and given["split"]:
        raise UserError("split= with input=", "a file stands for a split", "Give one or the other.")
    if (given["source"] or given["label"]) and not given["input"]:
        raise UserError("source= or label= without input=", "they tell of a file", "Add input=FILE")
    require_new_file("metrics", given["metrics"])
    run = load_trained_classifier(given["run"])
    names = (given["source"], given["label"])
    scores = _evaluate(run, _load_labeled(run, given["split"] or "test", given["input"], names), given["batch_tokens"])
    print(scores.report(), end="")
    if given["metrics"]:
        write_file_atomically(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif not given["input"]:
        write_metrics(run.path, given["split"] or "test", scores.as_dict())
    return 0


def _load_labeled(
    run: TrainedClassifier, split: str, path: str | None, names: tuple[str | None, str | None]
) -> Dataset:
    """A split of the data of a run, or a file of examples with classes, read as those were unless `names` say else."""
    if not path:
        return open_class_split(run.config.data, split)
    own = [run.config.data.get(key) if run.config.data.name == "classes" else None for key in ("source", "label")]
    return open_class_file(path, names[0] or own[0], names[1] or own[1])


def _evaluate(run: TrainedClassifier, examples: Dataset, batch_tokens: int) -> ClassificationScores:
    numbers = "values" in examples.column_names
    if numbers != isinstance(run.collate, TimeSeriesCollator):
        there = "texts" if numbers else "sequences of measurements"
        raise UserError(f"{run.path} classifies {there}", "the examples are of the other kind", "Name others.")
    if isinstance(run.collate, TimeSeriesCollator):
        _require_feature_count("the file", count_features(examples), run.collate.num_features)
    return evaluate_classifier(run.model, run.collate, examples, batch_tokens)


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """Two classifiers on a split of the data of the first, or on a file; see `compare_metrics`."""
    first, second = (load_trained_classifier(run) for run in runs)
    if set(first.model.classes) != set(second.model.classes):
        there = " and ".join(", ".join(run.model.classes[:10]) for run in (first, second))
        raise UserError("the two runs have other classes", there, "Compare runs of one kind.")
    examples = _load_labeled(first, split, input, (None, None))
    return compare_metrics(*(_evaluate(run, examples, EVALUATE_DEFAULTS["batch_tokens"]) for run in (first, second)))


def evaluate_split(run: str, split: str) -> EvaluationResult:
    """How well a classifier does on a split of its data."""
    loaded = load_trained_classifier(run)
    return evaluate_examples(loaded, open_class_split(loaded.config.data, split))


def evaluate_examples(run: TrainedClassifier, examples: Dataset) -> EvaluationResult:
    """How well a classifier does on a split that is open."""
    started = time.perf_counter()
    scores = evaluate_classifier(run.model, run.collate, examples, run.config.loader.batch_tokens)
    return EvaluationResult(scores, len(examples), time.perf_counter() - started)


def build_model(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    collate = load_classifier_collator(Path(run), config)
    return build_classifier(config, collate, encoder_from_config(Path(run), config))
