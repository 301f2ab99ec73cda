"""The command predict for tagging, where it differs from that of other tasks."""

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from grunlp.configuration.output_paths import check_output_paths, require_new_file
from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.tagged import (
    detect_tag_layout,
    detect_word_layout,
    layout_for_prediction,
    read_tagged,
    read_words,
)
from grunlp.data.tag_schemes import detect_scheme, require_same_tag_type
from grunlp.runs.layout import run_encoding, run_layout
from grunlp.tasks import sentence_io
from grunlp.tasks.line_input import LineFormat, LineReader
from grunlp.tasks.record_view import html_page
from grunlp.tasks.tagging.checkpoint import TrainedTagger, load_trained_tagger
from grunlp.tasks.tagging.command_options import TaggingEvaluateOptions, TaggingPredictOptions
from grunlp.tasks.tagging.data import gold_layout
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.tasks.tagging.predictor import TaggerPredictor
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import SkippedLineReporter
from grunlp.utils.errors import UserError
from grunlp.visualization.frames_and_tags import render_tags

log = logging.getLogger("grunlp")


def predict(text: str | None, options: TaggingPredictOptions) -> int:
    """Tag a text from the command line, or the sentences of a file. Returns the exit status."""
    sentence_io.require_text_or_file(text, options.input, options.format)
    check_output_paths(options.output, options.html_report)
    trained = load_trained_tagger(Path(options.run))
    predictor = TaggerPredictor(trained, options.nbest, options.tag_scheme, options.batch_tokens)
    on_error = SkippedLineReporter(options.input)
    with sentence_io.input_file(options.input if text is None else "") as path:
        if text is not None:
            examples = sentence_io.text_sentences(text)
        else:
            examples = _read_examples(trained, path, options.format, on_error)
        with html_page(options.html_report, options.run, render_tags) as keep:
            records = keep(predictor.predict_examples(examples))
            sentence_io.write_records(records, options.output, options.output_format)
    return 1 if on_error.count else 0


def _read_examples(
    trained: TrainedTagger, path: Path, format: str | None, on_error: SkippedLineReporter
) -> Iterator[SRLExample]:
    layout = run_layout(trained.path)
    if format in (None, sentence_io.TAGGED_WORDS):
        own = layout_for_prediction(path, layout, trained.model.tags)
        if own is None and format == sentence_io.TAGGED_WORDS:
            own = detect_word_layout(path, gold_layout(trained.config.data, str(path), layout))
        if own is not None:
            log.info("%s read as: %s", path.name, own.describe())
            return _words_alone(read_words(path, own))
    encoding = run_encoding(trained.path)
    format = format or _detect_format(path, encoding)
    if format == sentence_io.TAGGED_WORDS:
        own = detect_word_layout(path, gold_layout(trained.config.data, str(path), layout))
        return _words_alone(read_words(path, own))
    return sentence_io.read_sentences(path, format, on_error, encoding)


def _detect_format(path: Path, encoding: str | None) -> str:
    """Detect the format of a file; tab-separated columns without frames are words with tags."""
    fallback = {True: sentence_io.TAGGED_WORDS, False: sentence_io.RAW_TEXT}
    return sentence_io.detect_format(path, encoding, lambda line: fallback["\t" in line])


def _words_alone(sentences: Iterable[TaggedSentence]) -> Iterator[SRLExample]:
    """Leave the tags of sentences out."""
    for row in sentences:
        yield SRLExample(id=row["id"], document=row["document"], words=row["words"], pos=[], frames=[])


def detect_line_format(predictor: TaggerPredictor, path: Path) -> LineFormat:
    """Detect whether the lines of a file are raw text or JSON. Raises UserError for columns."""
    layout = run_layout(predictor.path)
    own = layout_for_prediction(path, layout, predictor.run.model.tags)
    format = sentence_io.TAGGED_WORDS if own is not None else _detect_format(path, run_encoding(predictor.path))
    sentence_io.require_line_based(path, format)
    return LineFormat(format)


def make_line_reader(predictor: TaggerPredictor, path: str, line_format: LineFormat) -> LineReader:
    """Make the reader of the lines of a file."""
    return sentence_io.make_sentence_reader(path, line_format, predictor.predict_examples)


def evaluate_files(options: TaggingEvaluateOptions) -> int:
    """Score a file of predicted tags by a file of gold tags. Returns the exit status."""
    if not (options.gold and options.predicted) or options.run or options.input or options.split:
        raise UserError(
            "gold= and predicted= belong together",
            "they replace run=, split= and input=",
            "Type gold=FILE predicted=FILE",
        )
    require_new_file("metrics", options.metrics)
    scores = score_files(options.gold, options.predicted)
    print(scores.report())
    if options.metrics:
        write_file_atomically(Path(options.metrics), json.dumps(scores.as_dict(), indent=2), follow_symlinks=True)
    return 0


def score_files(gold: str, predicted: str) -> TagScores:
    """Score a file of predicted tags. Raises UserError unless both have the same sentences."""
    first_layout = detect_tag_layout(gold, FileLayout())
    layout = detect_tag_layout(predicted, FileLayout(tags=first_layout.tags))
    for path, described in ((gold, first_layout), (predicted, layout)):
        log.info("%s read as: %s", path, described.describe())
    gold_sentences, others = read_tagged(gold, first_layout), read_tagged(predicted, layout)
    tags, other_tags = ([sentence["tags"] for sentence in sentences] for sentences in (gold_sentences, others))
    require_same_tag_type(predicted, other_tags, gold, tags)
    scores = TagScores(spans=detect_scheme(tags) is not None)
    for number, (first, second) in enumerate(zip_longest(gold_sentences, others), start=1):
        words = [" ".join(sentence["words"]) if sentence else "no such sentence" for sentence in (first, second)]
        if first is None or second is None or first["words"] != second["words"]:
            details = f"in {gold}: {words[0]!r:.100}; in {predicted}: {words[1]!r:.100}"
            raise UserError(f"sentence {number} differs", details, "Give the same sentences, in the same order.")
        scores.add(first["document"], first["tags"], second["tags"], second["tags"])
    return scores
