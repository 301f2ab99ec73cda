"""Prediction on the command line for classification, as far as it differs from other tasks."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.readers.labeled import json_text_field, layout_for_prediction, read_labeled_texts
from grunlp.data.readers.parallel import read_sources
from grunlp.runs.layout import run_encoding, run_layout
from grunlp.tasks.classification.array_reader import SUFFIXES, read_arrays
from grunlp.tasks.classification.checkpoint import load_trained_classifier
from grunlp.tasks.classification.command_options import ClassificationPredictOptions
from grunlp.tasks.classification.data import count_features, require_num_features
from grunlp.tasks.classification.predictor import ClassifierPredictor, text_example
from grunlp.tasks.line_input import LineFormat, LineReader, detect_text_format, text_parser
from grunlp.tasks.record_view import html_page
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, use_json_output, write_output
from grunlp.utils.errors import UserError
from grunlp.visualization.text_view import render_classification

log = logging.getLogger("grunlp")


def predict(text: str | None, options: ClassificationPredictOptions) -> int:
    """Classify a typed text, the lines of a file, or the sequences of an array. Returns the exit status."""
    if text is not None and (options.input != "-" or options.source):
        raise UserError(
            f"{text!r} with input= or source=", "only one of the two can be classified", "Omit the text or the others."
        )
    check_output_paths(options.output, options.html_report)
    trained = load_trained_classifier(options.run)
    predictor = replace(ClassifierPredictor(trained), batch_tokens=options.batch_tokens)
    on_error = SkippedLineReporter(options.input)
    with TemporaryDirectory() as temp_dir:
        examples = _read_inputs(predictor, text, options, Path(temp_dir), on_error)
        as_json = use_json_output(options.output_format, options.output)
        with html_page(options.html_report, options.run, render_classification) as keep:
            records = keep(predictor.predict_examples(examples))
            write_output(options.output, map(json_line if as_json else _format_line, records))
    return 1 if on_error.count else 0


def _read_inputs(
    predictor: ClassifierPredictor,
    text: str | None,
    options: ClassificationPredictOptions,
    temp_dir: Path,
    on_error: SkippedLineReporter,
) -> Iterable[Any]:
    """Read the examples: one for each line, even an empty one, or one for each sequence of measurements."""
    path, num_features = options.input, predictor.num_features
    if text is None and path != "-" and path.endswith(SUFFIXES) != (num_features is not None):
        inputs = "sequences of measurements" if num_features else "texts"
        raise UserError(f"input={path}", f"this model classifies {inputs}", "Use another file or run.")
    if num_features is not None:
        if text is not None or path == "-":
            raise UserError(
                "the input is a text",
                f"this model classifies sequences of {num_features} measurements per step",
                f"Type input=FILE{SUFFIXES[0]}",
            )
        examples = list(read_arrays(path, options.source, None, labels=False))
        require_num_features(path, count_features(examples), num_features)
        return examples
    if text is not None:
        return [text_example("1", text)]
    path = str(buffer_stdin(temp_dir, "a text in each line")) if path == "-" else path
    layout = layout_for_prediction(path, run_layout(predictor.path), options.source, predictor.run.model.classes)
    if layout is not None:
        log.info("%s read as: %s", options.input, layout.describe())
        if layout.format != "json-lines":
            return read_labeled_texts(path, layout, on_error, labels=False)
    field = json_text_field(path, layout) if layout is not None else None
    pairs = read_sources(path, field, on_error, run_encoding(predictor.path))
    return (text_example(pair["id"], pair["source"]) for pair in pairs)


def _format_line(record: Mapping[str, Any]) -> str:
    """Format a record as text: the class, its probability, and the first words of the text."""
    label, text = record["label"], " ".join(record.get("words", [record["id"]]))
    percent = 100 * record["probabilities"][label]
    return f"{label:16} {percent:5.1f} %  {text if len(text) <= 80 else text[:79] + '…'}\n"


def detect_line_format(predictor: ClassifierPredictor, path: Path) -> LineFormat:
    """Detect whether the lines of a file are texts or JSON objects."""
    if predictor.num_features is not None:
        raise UserError(
            f"{predictor.path}: a classifier of measurements",
            "its input is not read line by line",
            "Type python -m grunlp.predict",
        )
    layout = layout_for_prediction(str(path), run_layout(predictor.path), None, predictor.run.model.classes)
    if layout is not None and layout.format != "json-lines":
        raise UserError(
            f"{path} is read as: {layout.describe()}",
            "an example may have several lines",
            "Give a text in each line, or JSON lines.",
        )
    return detect_text_format(path)


def make_line_reader(predictor: ClassifierPredictor, path: str, line_format: LineFormat) -> LineReader:
    """Make the reader of the lines of a file."""
    layout = layout_for_prediction(path, run_layout(predictor.path), None, predictor.run.model.classes)
    field = json_text_field(path, layout) if layout is not None else None
    parse = text_parser(path, line_format, field)

    def example(line: Any) -> list[Any]:
        pair = parse(line)
        return [text_example(pair["id"], pair["source"])]

    return LineReader(example, predictor.predict_examples)
