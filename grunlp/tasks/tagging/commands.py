"""The command predict for tagging, where it differs from that of other tasks."""

from collections.abc import Iterator
from pathlib import Path

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.examples import SRLExample
from grunlp.tasks import sentence_io
from grunlp.tasks.line_input import LineFormat, LineReader
from grunlp.tasks.record_view import html_page
from grunlp.tasks.tagging.checkpoint import TrainedTagger, load_trained_tagger
from grunlp.tasks.tagging.command_options import TaggingPredictOptions
from grunlp.tasks.tagging.data import open_gold_tag_file
from grunlp.tasks.tagging.predictor import TaggerPredictor
from grunlp.utils.cli_io import SkippedLineReporter
from grunlp.visualization.frames_and_tags import render_tags


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
            format = options.format or _detect_format(path)
            is_tagged = format == sentence_io.TAGGED_WORDS
            examples = _read_words(trained, path) if is_tagged else sentence_io.read_sentences(path, format, on_error)
        with html_page(options.html_report, options.run, render_tags) as keep:
            records = keep(predictor.predict_examples(examples))
            sentence_io.write_records(records, options.output, options.output_format)
    return 1 if on_error.count else 0


def _detect_format(path: Path) -> str:
    """Detect the format of a file; tab-separated columns without frames are words with tags."""
    fallback = {True: sentence_io.TAGGED_WORDS, False: sentence_io.RAW_TEXT}
    return sentence_io.detect_format(path, lambda line: fallback["\t" in line])


def _read_words(trained: TrainedTagger, path: Path) -> Iterator[SRLExample]:
    """Read the words of a file of tagged words; the tags are ignored."""
    for row in open_gold_tag_file(trained.config.data, str(path)):
        yield SRLExample(id=row["id"], document=row["document"], words=row["words"], pos=[], frames=[])


def detect_line_format(path: Path) -> LineFormat:
    """Detect whether the lines of a file are raw text or JSON."""
    format = _detect_format(path)
    sentence_io.require_line_based(path, format)
    return LineFormat(format)


def make_line_reader(predictor: TaggerPredictor, path: str, line_format: LineFormat) -> LineReader:
    """Make the reader of the lines of a file."""
    return sentence_io.make_sentence_reader(path, line_format, predictor.predict_examples)
