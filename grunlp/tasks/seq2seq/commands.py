"""The commands predict and evaluate for translation and summarisation, where they differ from those of other tasks."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.examples import ParallelExample
from grunlp.data.readers.json_records import JSON_FORMATS
from grunlp.data.readers.parallel import detect_source_layout, read_parallel, read_sources
from grunlp.decoding.options import SamplingOptions, SearchOptions
from grunlp.decoding.sampling import Sampling
from grunlp.tasks.line_input import LineFormat, LineReader, detect_text_format, text_parser
from grunlp.tasks.predictor import Record
from grunlp.tasks.record_view import html_page
from grunlp.tasks.seq2seq.attention_report import AttentionExample, select_examples, text_report
from grunlp.tasks.seq2seq.checkpoint import load_ensemble, make_beam_search, search_config
from grunlp.tasks.seq2seq.command_options import Seq2SeqEvaluateOptions, Seq2SeqPredictOptions
from grunlp.tasks.seq2seq.data import trained_layout
from grunlp.tasks.seq2seq.metrics import TextScores
from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor, make_seq2seq_predictor, source_example
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, write_output
from grunlp.utils.errors import DataError, UserError
from grunlp.visualization.text_view import (
    MAX_ATTENTION_CELLS,
    render_attention_map,
    render_generation,
    render_omitted_map,
)

log = logging.getLogger("grunlp")

_SAMPLING_KEYS = [field.name for field in fields(SamplingOptions)]
_BEAM_SEARCH_KEYS = ("beam", "nbest", "length_penalty", "normalization", "coverage_penalty")  # unused in sampling


def predict(text: str | None, options: Seq2SeqPredictOptions) -> int:
    """Generate a text for a source on the command line, or for each source of a file. Returns the exit status."""
    if text is not None and (options.input != "-" or options.source):
        raise UserError(
            f"{text!r} with input= or source=", "only one of the two can be the source", "Omit the text or the others."
        )
    require_beam(options)
    nbest = 1 if options.sample else options.nbest
    if options.output_format == "text" and nbest > 1:
        raise UserError(
            "output_format=text with nbest", "each line has only one text", "Type output_format=json, or omit nbest=."
        )
    check_output_paths(options.output, options.html_report)
    predictor = _configure(make_seq2seq_predictor(load_ensemble(options.run)), options)
    on_error = SkippedLineReporter(options.input)
    with TemporaryDirectory() as temp_dir:
        sources = _read_sources(predictor, text, options, Path(temp_dir), on_error)
        as_json = options.output_format == "json" or nbest > 1
        with html_page(options.html_report, options.run, partial(render_with_attention, predictor)) as keep:
            records = keep(predictor.predict_examples(sources))
            write_output(options.output, map(json_line if as_json else _format_line, records))
    return 1 if on_error.count else 0


def require_beam(search: SearchOptions) -> None:
    """Raise UserError if more texts are requested than the beam has."""
    if search.nbest > search.beam:
        raise UserError(
            f"nbest={search.nbest}",
            f"a beam of {search.beam} finds at most {search.beam} texts",
            f"Type beam={search.nbest}",
        )


def search_values(options: SearchOptions) -> dict[str, object]:
    """Return only the options of the search."""
    return {field.name: getattr(options, field.name) for field in fields(SearchOptions)}


def _configure(predictor: Seq2SeqPredictor, options: Seq2SeqPredictOptions) -> Seq2SeqPredictor:
    """Return the predictor with the search or sampling options and the constraints from the command line."""
    limits, search = make_beam_search(search_values(options))
    sampling = _sampling_options(options, search_config(predictor.run.config))
    predictor = replace(predictor, limits=limits, search=sampling or search, batch_tokens=options.batch_tokens)
    phrases = (value.split("|") if value else [] for value in (options.required, options.forbidden))
    return predictor.with_constraints(options.prefix or "", *phrases)


def _sampling_options(options: Seq2SeqPredictOptions, search_defaults: dict[str, object]) -> Sampling | None:
    """Return the sampling options, or None for beam search.

    `search_defaults` are the search options of the training.
    """
    values, defaults = asdict(options), asdict(SamplingOptions())
    if options.sample:
        if extra := next((key for key in _BEAM_SEARCH_KEYS if values[key] != search_defaults[key]), None):
            raise UserError(
                f"sample=true with {extra}=",
                "one text is sampled for each source, without a search",
                "Omit one of the two; another seed= samples another text.",
            )
        return Sampling(
            **{key: values[key] for key in _SAMPLING_KEYS}, no_repeat_ngram_size=options.no_repeat_ngram_size
        )
    if extra := next((key for key in _SAMPLING_KEYS if values[key] != defaults[key]), None):
        raise UserError(f"{extra}= without sample=true", "it configures sampling", "Add sample=true.")
    return None


def _read_sources(
    predictor: Seq2SeqPredictor,
    text: str | None,
    options: Seq2SeqPredictOptions,
    temp_dir: Path,
    on_error: Callable[[DataError], None],
) -> Iterator[ParallelExample]:
    if text is not None:
        return iter([source_example(text)])
    path = options.input
    if path == "-":
        path = str(buffer_stdin(temp_dir, "a source in each line"))
    trained = trained_layout(predictor.path, predictor.run.config.data)
    layout = detect_source_layout(path, trained, options.source)
    if layout is None:
        return read_sources(path, None, on_error, trained.encoding)
    log.info("%s read as: %s", options.input, layout.describe())
    if layout.format == "table":
        return read_parallel(path, None, layout, on_error)
    return read_sources(path, layout.column("source"), on_error, layout.encoding)


def _format_line(record: Record) -> str:
    """Format the best text of a record as a line."""
    return " ".join(record["texts"][0]["text"].split()) + "\n"


def render_with_attention(predictor: Seq2SeqPredictor, record: Record) -> str:
    """Render the texts of a record, with the attention of the best one unless that is too large."""
    source, text = record["source"], record["texts"][0]["text"]
    size = predictor.attention_map_size(source, text)
    if size > MAX_ATTENTION_CELLS:
        return render_generation(record, render_omitted_map(size))
    return render_generation(record, render_attention_map(*predictor.attention(source, text)))


def write_attention_report(
    predictor: Seq2SeqPredictor, pairs: Sequence[ParallelExample], scores: TextScores, options: Seq2SeqEvaluateOptions
) -> None:
    """Write an HTML page of examples with their attention."""
    limits, search = make_beam_search(search_values(options))
    predictor = replace(predictor, limits=limits, search=search, batch_tokens=options.batch_tokens)
    title = f"{options.run} on {options.input or options.split or 'test'}"
    assert options.report is not None
    write_file_atomically(
        Path(options.report),
        text_report(title, scores, _attention_examples(predictor, pairs, scores)),
        follow_symlinks=True,
    )


def _attention_examples(
    predictor: Seq2SeqPredictor, pairs: Sequence[ParallelExample], scores: TextScores
) -> list[AttentionExample]:
    """Generate again the texts that the page shows, with their attention."""
    per_text, examples = scores.score_each(), []
    selected = select_examples(per_text)
    for i, generation in zip(selected, predictor.generate(pairs[i] for i in selected), strict=True):
        source = generation.pair["source"]
        attention = predictor.attention_for_ids(source, generation.hypotheses[0].ids)
        examples.append(AttentionExample(source, generation.texts[0], scores.references[i], per_text[i], *attention))
    return sorted(examples, key=lambda example: example.score)


def detect_line_format(predictor: Seq2SeqPredictor, path: Path) -> LineFormat:
    """Detect whether the lines of a file are sources or JSON objects. Raises UserError for a table."""
    layout = detect_source_layout(str(path), trained_layout(predictor.path, predictor.run.config.data), None)
    if layout is not None and layout.format == "table":
        raise UserError(f"{path} is read as: {layout.describe()}", "a source is a cell", "Give a source in each line.")
    return detect_text_format(path)


def make_line_reader(predictor: Seq2SeqPredictor, path: str, line_format: LineFormat) -> LineReader:
    """Make the reader of the lines of a file."""
    trained = trained_layout(predictor.path, predictor.run.config.data)
    field = trained.column("source") if trained.format in (None, *JSON_FORMATS) else None
    parse = text_parser(path, line_format, field)
    return LineReader(lambda line: [parse(line)], predictor.predict_examples)
