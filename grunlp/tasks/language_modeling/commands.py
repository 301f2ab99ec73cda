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

from grunlp.configuration.key_value_args import parse_arguments, require_new, require_outputs
from grunlp.data.pair import Pair
from grunlp.data.readers.parallel import read_sources
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.sampling import Sampling
from grunlp.metrics.comparison import compare_measures
from grunlp.runs.layout import TOKENIZER, write_metrics
from grunlp.tasks.language_modeling.checkpoint import LanguageRun, build_language_model, load_language_run
from grunlp.tasks.language_modeling.data import open_line_files, open_line_split
from grunlp.tasks.language_modeling.inference import DynamicEvaluation, score
from grunlp.tasks.language_modeling.predictor import DRAWING, LanguageModel, load_language_model
from grunlp.tasks.record_view import new_page
from grunlp.tasks.spec import Scored
from grunlp.utils.atomic_io import write_file
from grunlp.utils.cli_io import BadLines, json_line, keep_standard_input, write_out
from grunlp.utils.errors import GrunlpError
from grunlp.visualization.text_view import draw_continued

_DRAWN = ("temperature", "top_k", "top_p", "seed")
PREDICT: dict[str, Any] = {
    "run": None,
    "prompt": None,
    "input": None,
    "output": "-",
    "html": None,
    "field": None,
    "length": LanguageModel.length,
    **{key: getattr(DRAWING, key) for key in _DRAWN},
    "style": "auto",
}
EVALUATE: dict[str, Any] = {
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
    given = parse_arguments(arguments, PREDICT)
    if text is not None and given["prompt"] is not None:
        raise GrunlpError(f"{text!r} with prompt=", "both are a prompt", "Give one or the other.")
    prompt = given["prompt"] if text is None else text
    if prompt is not None:  # whatever bytes the system let through become characters
        prompt = prompt.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if given["input"] is not None and prompt is not None:
        raise GrunlpError("input= with a prompt", "each line of a file is a prompt", "Give one or the other.")
    if given["field"] and given["input"] is None:
        raise GrunlpError("field= without input=", "it tells of a file", "Add input=FILE, or leave it out.")
    require_outputs(given["output"], given["html"])
    sampling = Sampling(**{key: given[key] for key in _DRAWN})
    model = replace(load_language_model(given["run"]), sampling=sampling, length=given["length"])
    bad = BadLines(given["input"] or "-")
    with tempfile.TemporaryDirectory() as folder:
        if given["input"] is None:
            pairs = iter([Pair(id="1", source=prompt or "", target="", references=[])])
        else:
            path = given["input"]
            path = str(keep_standard_input(Path(folder), "a prompt a line")) if path == "-" else path
            pairs = read_sources(path, given["field"], bad)
            model = replace(model, one_line=True)
        if given["style"] == "json" or given["html"]:
            records = (model.record(pair, i) for i, pair in enumerate(pairs))
            with new_page(given["html"], given["run"], draw_continued) as keep:
                show = json_line if given["style"] == "json" else _text_line
                write_out(given["output"], map(show, keep(records)))
        else:
            write_out(given["output"], (part for i, pair in enumerate(pairs) for part in _text(model, pair, i)))
    return 1 if bad.count else 0


def _text(model: LanguageModel, pair: Pair, number: int) -> Iterator[str]:
    """The prompt and what comes after it, piece by piece."""
    yield model.prompt(pair["source"])
    yield from (piece.text for piece in model.draw(pair["source"], number))
    yield "\n"


def _text_line(record: Mapping[str, Any]) -> str:
    return f"{record['prompt']}{record['text']}\n"


def evaluate(arguments: list[str]) -> int:
    """Tell a split, or a file, and print how well."""
    given = parse_arguments(arguments, EVALUATE)
    if given["input"] and given["split"]:
        raise GrunlpError("split= with input=", "a file stands for a split", "Give one or the other.")
    if given["field"] and not given["input"]:
        raise GrunlpError("field= without input=", "it tells of a file", "Add input=FILE, or leave it out.")
    require_new("metrics", given["metrics"])
    odd = next((key for key in ("dynamic_decay", "dynamic_length") if given[key] != EVALUATE[key]), None)
    if odd and not given["dynamic_rate"]:
        raise GrunlpError(f"{odd}= without dynamic_rate=", "nothing is learned then", "Add dynamic_rate=0.1")
    dynamic = None
    if given["dynamic_rate"]:
        dynamic = DynamicEvaluation(given["dynamic_rate"], given["dynamic_decay"], given["dynamic_length"])
    run = load_language_run(given["run"])
    if given["input"]:
        lines = open_line_files(given["input"], given["field"])
    else:
        lines = open_line_split(run.config.data, given["split"] or "test")
    scores = score(run.model, run.tokenizer, lines["text"], dynamic)
    print(scores.report(), end="")
    if given["metrics"]:
        write_file(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif not given["input"] and not dynamic:
        write_metrics(run.path, given["split"] or "test", scores.as_dict())
    elif not given["input"]:
        print(
            "not kept in the run, whose scores are those without learning on; metrics=FILE keeps them", file=sys.stderr
        )
    return 0


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """Two language models on a split of the data of the first, or on a file; see `compare_measures`."""
    first, second = (load_language_run(run) for run in runs)
    lines = open_line_files(input, None) if input else open_line_split(first.config.data, split)
    one, other = (score(run.model, run.tokenizer, lines["text"], None) for run in (first, second))
    rows = compare_measures(one, other)
    if not np.array_equal(one.tokens, other.tokens):
        del rows["perplexity"]  # each is of tokens of its own
    return rows


def score_split(run: str, split: str) -> Scored:
    """How well a language model tells a split of its text; examples are lines."""
    loaded = load_language_run(run)
    return score_lines(loaded, open_line_split(loaded.config.data, split))


def score_lines(run: LanguageRun, lines: Dataset) -> Scored:
    """How well a language model tells lines that are open."""
    started = time.perf_counter()
    scores = score(run.model, run.tokenizer, lines["text"], None)
    return Scored(scores, len(lines), time.perf_counter() - started)


def build(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    return build_language_model(config, TextTokenizer.load(Path(run) / TOKENIZER))
