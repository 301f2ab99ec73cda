"""Input and output of the command `predict` for tasks that read one text on each line."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.readers.parallel import read_sources
from grunlp.tasks.command_options import TextPredictOptions
from grunlp.tasks.predictor import Predictor, Record
from grunlp.tasks.record_view import html_page
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, write_output
from grunlp.utils.errors import UserError


def predict_texts(
    predictor: Predictor[str, list[Record]],
    text: str | None,
    options: TextPredictOptions,
    render: Callable[[Any, Record], str],
    format_record: Callable[[Record], str] = json_line,
) -> int:
    """Predict a text from the command line, or each line of a file, and write a record for each.

    Args:
        predictor: the model.
        text: the text from the command line, if there is one.
        options: the options of the command.
        render: renders a record of the predictor as HTML.
        format_record: formats a record as text.

    Returns:
        the exit status.
    """
    if text is not None and options.input != "-":
        raise UserError(f"{text!r} with input=", "only one of the two can be predicted", "Omit the text or input=.")
    check_output_paths(options.output, options.html_report)
    on_error = SkippedLineReporter(options.input)
    with TemporaryDirectory() as temp_dir:
        path = options.input
        if text is None and path == "-":
            path = str(buffer_stdin(Path(temp_dir), "a text in each line"))
        texts = [text] if text is not None else (pair["source"] for pair in read_sources(path, None, on_error))
        records = (record for answer in predictor.predict_iter(texts) for record in answer)
        with html_page(options.html_report, options.run, partial(render, predictor)) as keep:
            write_output(options.output, map(format_record, keep(records)))
    return 1 if on_error.count else 0
