"""The command predict for language modelling."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.examples import ParallelExample
from grunlp.data.readers.parallel import read_sources
from grunlp.decoding.options import SamplingOptions
from grunlp.decoding.sampling import Sampling
from grunlp.tasks.language_modeling.checkpoint import load_trained_language_model
from grunlp.tasks.language_modeling.command_options import LanguageModelingPredictOptions
from grunlp.tasks.language_modeling.data import input_layout, require_json
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor
from grunlp.tasks.record_view import html_page
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, write_output
from grunlp.utils.errors import UserError
from grunlp.visualization.text_view import render_continuation


def predict(text: str | None, options: LanguageModelingPredictOptions) -> int:
    """Continue a prompt, printing tokens as they are generated, or complete each line of a file.

    Returns the exit status.

    Args:
        text: a prompt that was typed without `prompt=`, if any.
        options: the options of the command.
    """
    prompt = _require_one_prompt(text, options)
    check_output_paths(options.output, options.html_report)
    sampling = Sampling(**{field.name: getattr(options, field.name) for field in fields(SamplingOptions)})
    trained = load_trained_language_model(options.run)
    predictor = LanguageModelPredictor(trained, sampling, options.length, stop_at_newline=options.input is not None)
    on_error = SkippedLineReporter(options.input or "-")
    with TemporaryDirectory() as temp_dir:
        if options.input is None:
            pairs = iter([ParallelExample(id="1", source=prompt or "", target="", references=[])])
        else:
            path = str(buffer_stdin(Path(temp_dir), "a prompt in each line")) if options.input == "-" else options.input
            layout = input_layout(trained.path, trained.config.data, options.field)
            require_json(path, options.field, layout.encoding)
            pairs = read_sources(path, layout.column("text"), on_error, layout.encoding)
        if options.output_format == "json" or options.html_report:
            records = (predictor.generate_record(pair, i) for i, pair in enumerate(pairs))
            with html_page(options.html_report, options.run, render_continuation) as keep:
                format_record = json_line if options.output_format == "json" else _format_line
                write_output(options.output, map(format_record, keep(records)))
        else:
            pieces = (piece for i, pair in enumerate(pairs) for piece in _stream_text(predictor, pair["source"], i))
            write_output(options.output, pieces)
    return 1 if on_error.count else 0


def _require_one_prompt(text: str | None, options: LanguageModelingPredictOptions) -> str | None:
    """Return the prompt, if there is one. Raises UserError if another source of prompts is given too."""
    if text is not None and options.prompt is not None:
        raise UserError(f"{text!r} with prompt=", "both are prompts", "Omit one of the two.")
    prompt = options.prompt if text is None else text
    if options.input is not None and prompt is not None:
        raise UserError("input= with a prompt", "each line of a file is a prompt", "Omit one of the two.")
    if options.field and options.input is None:
        raise UserError("field= without input=", "it describes a file", "Type input=FILE, or omit field=.")
    # Bytes that are not UTF-8, which the system lets through, become replacement characters.
    return prompt and prompt.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _stream_text(predictor: LanguageModelPredictor, prompt: str, text_number: int) -> Iterator[str]:
    """Yield the prompt and its continuation piece by piece."""
    yield predictor.normalize_prompt(prompt)
    yield from (piece.text for piece in predictor.generate(prompt, text_number))
    yield "\n"


def _format_line(record: Mapping[str, Any]) -> str:
    return f"{record['prompt']}{record['text']}\n"
