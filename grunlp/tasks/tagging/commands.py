"""The command predict for tagging, where it differs from that of other tasks."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.runs.layout import run_layout
from grunlp.tasks import sentence_io
from grunlp.tasks.line_input import LineFormat, LineReader
from grunlp.tasks.record_view import html_page
from grunlp.tasks.tagging.checkpoint import TrainedTagger, load_trained_tagger
from grunlp.tasks.tagging.command_options import TaggingPredictOptions
from grunlp.tasks.tagging.data import gold_layout
from grunlp.tasks.tagging.predictor import TaggerPredictor
from grunlp.tasks.tagging.reader import layout_for_prediction, read_words, settle_tag_layout
from grunlp.utils.cli_io import SkippedLineReporter
from grunlp.visualization.frames_and_tags import render_tags

log = logging.getLogger("grunlp")


def predict(text: str | None, options: TaggingPredictOptions) -> int:
    """Tag a typed text, or the sentences of a file. Returns the exit status."""
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
            own = settle_tag_layout(path, gold_layout(trained.config.data, str(path), layout))
        if own is not None:
            log.info("%s read as: %s", path.name, own.describe())
            return _words_alone(read_words(path, own))
    encoding = layout and layout.encoding
    format = format or _detect_format(path, encoding)
    if format == sentence_io.TAGGED_WORDS:
        own = settle_tag_layout(path, gold_layout(trained.config.data, str(path), layout))
        return _words_alone(read_words(path, own))
    return sentence_io.read_sentences(path, format, on_error, encoding)


def _detect_format(path: Path, encoding: str | None) -> str:
    """Detect the format of a file; tab-separated columns that hold no frames are words with tags."""
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
    format = sentence_io.TAGGED_WORDS if own is not None else _detect_format(path, layout and layout.encoding)
    sentence_io.require_line_based(path, format)
    return LineFormat(format)


def make_line_reader(predictor: TaggerPredictor, path: str, line_format: LineFormat) -> LineReader:
    """Make the reader of the lines of a file."""
    return sentence_io.make_sentence_reader(path, line_format, predictor.predict_examples)
