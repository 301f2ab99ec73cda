"""The commands predict and evaluate for semantic role labelling, where they differ from those of other tasks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from grunlp.configuration.output_paths import check_output_paths, require_new_file
from grunlp.data.examples import SRLExample
from grunlp.data.readers import read
from grunlp.runs.layout import run_encoding
from grunlp.tasks import sentence_io
from grunlp.tasks.line_input import LineFormat, LineReader
from grunlp.tasks.record_view import html_page
from grunlp.tasks.srl.checkpoint import load_trained_srl
from grunlp.tasks.srl.command_options import SRLEvaluateOptions, SRLPredictOptions
from grunlp.tasks.srl.error_report import error_report
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.srl.metrics import score_files as score_examples
from grunlp.tasks.srl.predictor import SRLPredictor, srl_predictor_from_run
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import SkippedLineReporter
from grunlp.utils.errors import UserError
from grunlp.visualization.frames_and_tags import render_frames


def predict(text: str | None, options: SRLPredictOptions) -> int:
    """Label a text from the command line, or the sentences of a file. Returns the exit status."""
    sentence_io.require_text_or_file(text, options.input, options.format)
    if options.predicates == "gold" and (text is not None or options.format == sentence_io.RAW_TEXT):
        raise UserError(
            "predicates=gold", "raw text has no marked predicates", "Omit predicates=, or give columns or JSON lines."
        )
    check_output_paths(options.output, options.html_report)
    trained = load_trained_srl(options.run)
    predictor = replace(srl_predictor_from_run(trained), batch_tokens=options.batch_tokens)
    encoding = run_encoding(trained.path)
    on_error = SkippedLineReporter(options.input)
    with sentence_io.input_file(options.input if text is None else "") as path:
        if text is not None:
            examples = sentence_io.text_sentences(text)
        else:
            format = options.format or sentence_io.detect_format(path, encoding)
            examples = sentence_io.read_sentences(path, format, on_error, encoding)
        detect, examples = _resolve_predicate_mode(options.predicates, examples)
        records = replace(predictor, detect_predicates=detect).predict_examples(examples)
        with html_page(options.html_report, options.run, render_frames) as keep:
            sentence_io.write_records(keep(records), options.output, options.output_format)
    return 1 if on_error.count else 0


def _resolve_predicate_mode(predicates: str, examples: Iterator[SRLExample]) -> tuple[bool, Iterator[SRLExample]]:
    """Decide whether predicates are detected; "auto" detects them if none of the first thousand examples has one.

    Returns:
        the decision, and all examples.
    """
    if predicates != "auto":
        return predicates == "detect", examples
    first = list(islice(examples, 1000))
    return not any(example["frames"] for example in first), chain(first, examples)


def evaluate_files(options: SRLEvaluateOptions) -> int:
    """Score a file of predicted frames against a file of gold frames. Returns the exit status."""
    if not (options.gold and options.predicted) or options.run or options.input:
        raise UserError(
            "gold= and predicted= need each other",
            "they take the place of run= and input=",
            "Type gold=FILE predicted=FILE",
        )
    require_new_file("metrics", options.metrics)
    require_new_file("report", options.report)
    scores = score_files(options.gold, options.predicted, options.words)
    print(scores.report())
    write_error_report(f"{options.predicted} against {options.gold}", scores, options.report)
    if options.metrics:
        write_file_atomically(Path(options.metrics), json.dumps(scores.as_dict(), indent=2), follow_symlinks=True)
    return 0


def score_files(gold: str, predicted: str, words: str | None) -> SRLScores:
    """Score a file of predicted frames. `words` is the separate file of words of CoNLL-2005 props."""
    return score_examples(read(gold, words=words), read(predicted, words=words))


def write_error_report(title: str, scores: SRLScores, path: str | None) -> None:
    """Write the HTML report of errors if `path` is given."""
    if path:
        write_file_atomically(Path(path), error_report(title, scores), follow_symlinks=True)


def detect_line_format(path: Path) -> LineFormat:
    """Detect whether the lines of a file are raw text or JSON, and whether they mark predicates."""
    format = sentence_io.detect_format(path)
    sentence_io.require_line_based(path, format)
    if format == sentence_io.RAW_TEXT:
        return LineFormat(format, detect_predicates=True)
    examples = read(path, format, on_error=lambda error: None, require_roles=False)
    return LineFormat(format, _resolve_predicate_mode("auto", examples)[0])


def make_line_reader(predictor: SRLPredictor, path: str, line_format: LineFormat) -> LineReader:
    """Make the reader of the lines of a file."""
    predictor = replace(predictor, detect_predicates=line_format.detect_predicates)
    return sentence_io.make_sentence_reader(path, line_format, predictor.predict_examples)
