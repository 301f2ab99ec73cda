"""What `predict`, `evaluate` and `compare` do with language models."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from omegaconf import DictConfig
from torch import nn

from grunlp.configuration.key_value_args import check_output_paths, parse_arguments, require_new_file
from grunlp.data.pair import ParallelExample
from grunlp.data.readers.parallel import read_sources
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.sampling import Sampling
from grunlp.metrics.comparison import compare_metrics
from grunlp.runs.layout import TOKENIZER, write_metrics
from grunlp.tasks.language_modeling.checkpoint import (
    TrainedLanguageModel,
    build_language_model,
    load_trained_language_model,
)
from grunlp.tasks.language_modeling.data import open_line_files, open_line_split
from grunlp.tasks.language_modeling.inference import DynamicEvaluation, evaluate_language_model
from grunlp.tasks.language_modeling.predictor import (
    DEFAULT_SAMPLING,
    LanguageModelPredictor,
    load_language_model_predictor,
)
from grunlp.tasks.record_view import html_page
from grunlp.tasks.spec import EvaluationResult
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, write_output
from grunlp.utils.errors import UserError
from grunlp.visualization.text_view import render_continuation

_SAMPLING_KEYS = ("temperature", "top_k", "top_p", "seed")
PREDICT_DEFAULTS: dict[str, Any] = {
    "run": None,
    "prompt": None,
    "input": None,
    "output": "-",
    "html": None,
    "field": None,
    "length": LanguageModelPredictor.length,
    **{key: getattr(DEFAULT_SAMPLING, key) for key in _SAMPLING_KEYS},
    "style": "auto",
}
EVALUATE_DEFAULTS: dict[str, Any] = {
    "run": None,
    "split": None,
    "input": None,
    "field": None,
    "metrics": None,
    "dynamic_rate": 0.0,
    "dynamic_decay": 0.002,
    "dynamic_length": 50,
}


def predict(text: str | None, arguments: list[str]) -> int:
    """Write on from a prompt, shown as it is drawn, or from each line of a file, to its end. text: a typed prompt."""
    given = parse_arguments(arguments, PREDICT_DEFAULTS)
    if text is not None and given["prompt"] is not None:
        raise UserError(f"{text!r} with prompt=", "both are a prompt", "Give one or the other.")
    prompt = given["prompt"] if text is None else text
    if prompt is not None:  # whatever bytes the system let through become characters
        prompt = prompt.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if given["input"] is not None and prompt is not None:
        raise UserError("input= with a prompt", "each line of a file is a prompt", "Give one or the other.")
    if given["field"] and given["input"] is None:
        raise UserError("field= without input=", "it tells of a file", "Add input=FILE, or leave it out.")
    check_output_paths(given["output"], given["html"])
    sampling = Sampling(**{key: given[key] for key in _SAMPLING_KEYS})
    model = replace(load_language_model_predictor(given["run"]), sampling=sampling, length=given["length"])
    bad = SkippedLineReporter(given["input"] or "-")
    with tempfile.TemporaryDirectory() as folder:
        if given["input"] is None:
            pairs = iter([ParallelExample(id="1", source=prompt or "", target="", references=[])])
        else:
            path = given["input"]
            path = str(buffer_stdin(Path(folder), "a prompt a line")) if path == "-" else path
            pairs = read_sources(path, given["field"], bad)
            model = replace(model, stop_at_newline=True)
        if given["style"] == "json" or given["html"]:
            records = (model.generate_record(pair, i) for i, pair in enumerate(pairs))
            with html_page(given["html"], given["run"], render_continuation) as keep:
                show = json_line if given["style"] == "json" else _format_line
                write_output(given["output"], map(show, keep(records)))
        else:
            write_output(
                given["output"], (part for i, pair in enumerate(pairs) for part in _stream_text(model, pair, i))
            )
    return 1 if bad.count else 0


def _stream_text(model: LanguageModelPredictor, pair: ParallelExample, num_tokens: int) -> Iterator[str]:
    """The prompt and what comes after it, piece by piece."""
    yield model.normalize_prompt(pair["source"])
    yield from (piece.text for piece in model.generate(pair["source"], num_tokens))
    yield "\n"


def _format_line(record: Mapping[str, Any]) -> str:
    return f"{record['prompt']}{record['text']}\n"


def evaluate(arguments: list[str]) -> int:
    """Tell a split, or a file, and print how well."""
    given = parse_arguments(arguments, EVALUATE_DEFAULTS)
    if given["input"] and given["split"]:
        raise UserError("split= with input=", "a file stands for a split", "Give one or the other.")
    if given["field"] and not given["input"]:
        raise UserError("field= without input=", "it tells of a file", "Add input=FILE, or leave it out.")
    require_new_file("metrics", given["metrics"])
    odd = next((key for key in ("dynamic_decay", "dynamic_length") if given[key] != EVALUATE_DEFAULTS[key]), None)
    if odd and not given["dynamic_rate"]:
        raise UserError(f"{odd}= without dynamic_rate=", "nothing is learned then", "Add dynamic_rate=0.1")
    dynamic = None
    if given["dynamic_rate"]:
        dynamic = DynamicEvaluation(given["dynamic_rate"], given["dynamic_decay"], given["dynamic_length"])
    run = load_trained_language_model(given["run"])
    if given["input"]:
        lines = open_line_files(given["input"], given["field"])
    else:
        lines = open_line_split(run.config.data, given["split"] or "test")
    scores = evaluate_language_model(run.model, run.tokenizer, lines["text"], dynamic)
    print(scores.report(), end="")
    if given["metrics"]:
        write_file_atomically(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif not given["input"] and not dynamic:
        write_metrics(run.path, given["split"] or "test", scores.as_dict())
    elif not given["input"]:
        print(
            "not kept in the run, whose scores are those without learning on; metrics=FILE keeps them", file=sys.stderr
        )
    return 0


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """Two language models on a split of the data of the first, or on a file; see `compare_metrics`."""
    first, second = (load_trained_language_model(run) for run in runs)
    lines = open_line_files(input, None) if input else open_line_split(first.config.data, split)
    one, other = (evaluate_language_model(run.model, run.tokenizer, lines["text"], None) for run in (first, second))
    rows = compare_metrics(one, other)
    if not np.array_equal(one.tokens, other.tokens):
        del rows["perplexity"]  # each is of tokens of its own
    return rows


def evaluate_split(run: str, split: str) -> EvaluationResult:
    """How well a language model tells a split of its text; examples are lines."""
    loaded = load_trained_language_model(run)
    return evaluate_lines(loaded, open_line_split(loaded.config.data, split))


def evaluate_lines(run: TrainedLanguageModel, lines: Dataset) -> EvaluationResult:
    """How well a language model tells lines that are open."""
    started = time.perf_counter()
    scores = evaluate_language_model(run.model, run.tokenizer, lines["text"], None)
    return EvaluationResult(scores, len(lines), time.perf_counter() - started)


def build_model(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    return build_language_model(config, TextTokenizer.load(Path(run) / TOKENIZER))
