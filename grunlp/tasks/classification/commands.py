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

from grunlp.configuration.key_value_args import parse_arguments, require_new, require_outputs
from grunlp.data.readers.parallel import read_sources
from grunlp.metrics.comparison import compare_measures
from grunlp.runs.layout import write_metrics
from grunlp.tasks.classification.array_reader import SUFFIXES, read_arrays
from grunlp.tasks.classification.checkpoint import ClassRun, build_classifier, load_class_run, load_collator
from grunlp.tasks.classification.collate import MeasuredCollator
from grunlp.tasks.classification.data import features_of, open_class_file, open_class_split
from grunlp.tasks.classification.inference import score
from grunlp.tasks.classification.metrics import ClassScores
from grunlp.tasks.classification.predictor import Classifier, load_classifier, text_example
from grunlp.tasks.classification.reader import read_classified
from grunlp.tasks.record_view import new_page
from grunlp.tasks.spec import Scored
from grunlp.tasks.srl.checkpoint import stored_encoder
from grunlp.utils.atomic_io import write_file
from grunlp.utils.cli_io import BadLines, json_line, keep_standard_input, wants_json, write_out
from grunlp.utils.errors import GrunlpError
from grunlp.visualization.text_view import draw_classes

PREDICT: dict[str, Any] = {
    "run": None,
    "input": "-",
    "output": "-",
    "html": None,
    "source": None,
    "style": "auto",
    "batch_tokens": 8000,
}
EVALUATE: dict[str, Any] = {
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
    given = parse_arguments(arguments, PREDICT)
    if text is not None and (given["input"] != "-" or given["source"]):
        raise GrunlpError(f"{text!r} with input= or source=", "a text stands for them", "Give one or the other.")
    require_outputs(given["output"], given["html"])
    classifier = replace(load_classifier(given["run"]), batch_tokens=given["batch_tokens"])
    bad = BadLines(given["input"])
    with tempfile.TemporaryDirectory() as folder:
        examples = _inputs(classifier, text, given["input"], given["source"], Path(folder), bad)
        show = json_line if wants_json(given["style"], given["output"]) else _line
        with new_page(given["html"], given["run"], draw_classes) as keep:
            write_out(given["output"], map(show, keep(classifier.records(examples))))
    return 1 if bad.count else 0


def _inputs(
    classifier: Classifier, text: str | None, path: str, source: str | None, folder: Path, bad: BadLines
) -> Iterable[Any]:
    """What is to be classified: an example for each line, an empty one too, or for each sequence."""
    features = classifier.features
    if text is None and path != "-" and path.endswith(SUFFIXES) != (features is not None):
        kind = "sequences of measurements" if features else "texts"
        raise GrunlpError(f"input={path}", f"this run classifies {kind}", "Name another file or run.")
    if features is not None:
        if text is not None or path == "-":
            there = f"this run classifies sequences of {features} measurements a step"
            raise GrunlpError("a text, or standard input", there, f"Type input=FILE{SUFFIXES[0]}")
        examples = list(read_arrays(path, source, None, labels=False))
        _require_features(path, features_of(examples), features)
        return examples
    if text is not None:
        return [text_example("1", text)]
    path = str(keep_standard_input(folder, "a text a line")) if path == "-" else path
    if ".csv" in Path(path).suffixes or source is not None:
        return read_classified(path, source, None, bad, labels=False)
    return (text_example(pair["id"], pair["source"]) for pair in read_sources(path, None, bad))


def _require_features(path: str, size: int, features: int) -> None:
    if size not in (0, features):  # 0: none has a step
        there = f"this run was trained on {features}"
        raise GrunlpError(f"{path} has {size} features a step", there, "Name another file or run.")


def _line(record: Mapping[str, Any]) -> str:
    """For reading: the class, its probability, and of a text its first words."""
    name, text = record["label"], " ".join(record.get("words", [record["id"]]))
    share = 100 * record["probabilities"][name]
    return f"{name:16} {share:5.1f} %  {text if len(text) <= 80 else text[:79] + '…'}\n"


def evaluate(arguments: list[str]) -> int:
    """Classify a split, or a file with classes, and print how well."""
    given = parse_arguments(arguments, EVALUATE)
    if given["input"] and given["split"]:
        raise GrunlpError("split= with input=", "a file stands for a split", "Give one or the other.")
    if (given["source"] or given["label"]) and not given["input"]:
        raise GrunlpError("source= or label= without input=", "they tell of a file", "Add input=FILE")
    require_new("metrics", given["metrics"])
    run = load_class_run(given["run"])
    names = (given["source"], given["label"])
    scores = _score(run, _gold(run, given["split"] or "test", given["input"], names), given["batch_tokens"])
    print(scores.report(), end="")
    if given["metrics"]:
        write_file(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif not given["input"]:
        write_metrics(run.path, given["split"] or "test", scores.as_dict())
    return 0


def _gold(run: ClassRun, split: str, path: str | None, names: tuple[str | None, str | None]) -> Dataset:
    """A split of the data of a run, or a file of examples with classes, read as those were unless `names` say else."""
    if not path:
        return open_class_split(run.config.data, split)
    own = [run.config.data.get(key) if run.config.data.name == "classes" else None for key in ("source", "label")]
    return open_class_file(path, names[0] or own[0], names[1] or own[1])


def _score(run: ClassRun, examples: Dataset, batch_tokens: int) -> ClassScores:
    numbers = "values" in examples.column_names
    if numbers != isinstance(run.collate, MeasuredCollator):
        there = "texts" if numbers else "sequences of measurements"
        raise GrunlpError(f"{run.path} classifies {there}", "the examples are of the other kind", "Name others.")
    if isinstance(run.collate, MeasuredCollator):
        _require_features("the file", features_of(examples), run.collate.features)
    return score(run.model, run.collate, examples, batch_tokens)


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """Two classifiers on a split of the data of the first, or on a file; see `compare_measures`."""
    first, second = (load_class_run(run) for run in runs)
    if set(first.model.classes) != set(second.model.classes):
        there = " and ".join(", ".join(run.model.classes[:10]) for run in (first, second))
        raise GrunlpError("the two runs have other classes", there, "Compare runs of one kind.")
    examples = _gold(first, split, input, (None, None))
    return compare_measures(*(_score(run, examples, EVALUATE["batch_tokens"]) for run in (first, second)))


def score_split(run: str, split: str) -> Scored:
    """How well a classifier does on a split of its data."""
    loaded = load_class_run(run)
    return score_examples(loaded, open_class_split(loaded.config.data, split))


def score_examples(run: ClassRun, examples: Dataset) -> Scored:
    """How well a classifier does on a split that is open."""
    started = time.perf_counter()
    scores = score(run.model, run.collate, examples, run.config.loader.batch_tokens)
    return Scored(scores, len(examples), time.perf_counter() - started)


def build(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    collate = load_collator(Path(run), config)
    return build_classifier(config, collate, stored_encoder(Path(run), config))
