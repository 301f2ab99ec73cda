"""What `predict`, `evaluate` and `compare` do with networks that read a text and write another."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import nn

from grunlp.configuration.key_value_args import check_output_paths, parse_arguments, require_new_file
from grunlp.data.pair import ParallelExample
from grunlp.data.readers.parallel import read_sources
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.sampling import Sampling
from grunlp.metrics.comparison import compare_metrics
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER, read_config, write_metrics
from grunlp.tasks.predictor import BATCH_TOKENS
from grunlp.tasks.record_view import html_page, render_with_attention
from grunlp.tasks.seq2seq.attention_report import AttentionExample, select_examples, text_report
from grunlp.tasks.seq2seq.checkpoint import build_seq2seq, make_beam_search, search_config, write_predictions
from grunlp.tasks.seq2seq.data import open_parallel_file, open_parallel_split, text_columns
from grunlp.tasks.seq2seq.inference import Generation, evaluate_seq2seq
from grunlp.tasks.seq2seq.metrics import TextMetric, TextScores
from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor, load_seq2seq_predictor, source_example, to_record
from grunlp.tasks.spec import EvaluationResult
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, write_output
from grunlp.utils.errors import DataError, UserError

SAMPLING_DEFAULTS: dict[str, Any] = {"sample": False, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 1}
CONSTRAINT_DEFAULTS: dict[str, Any] = {"prefix": None, "required": None, "forbidden": None}
_BEAM_SEARCH_KEYS = ("beam", "nbest", "alpha", "normalization", "coverage_penalty")  # what sampling takes no notice of


def predict(text: str | None, arguments: list[str]) -> int:
    """Write a text for each source. text: a source that was typed, if one was."""
    defaults = {
        "input": "-",
        "output": "-",
        "html": None,
        "source": None,
        "style": "auto",
        "batch_tokens": BATCH_TOKENS,
        **SAMPLING_DEFAULTS,
        **CONSTRAINT_DEFAULTS,
    }
    given, search = _parse_options(arguments, defaults)
    if text is not None and (given["input"] != "-" or given["source"]):
        raise UserError(f"{text!r} with input= or source=", "a text stands for them", "Give one or the other.")
    nbest = 1 if given["sample"] else search["nbest"]
    if given["style"] == "text" and nbest > 1:
        raise UserError("style=text with nbest", "a line holds one text", "Type style=json, or leave nbest out.")
    check_output_paths(given["output"], given["html"])
    writer = _load_predictor(given["run"])
    limits, options = make_beam_search(search)
    how = _sampling_options(given, search, search_config(writer.run.config)) or options
    phrases = (given[key].split("|") if given[key] else [] for key in ("required", "forbidden"))
    writer = replace(writer, limits=limits, search=how, batch_tokens=given["batch_tokens"])
    writer = writer.with_constraints(given["prefix"] or "", *phrases)
    bad = SkippedLineReporter(given["input"])
    with tempfile.TemporaryDirectory() as folder:
        field = given["source"] or text_columns(writer.run.config.data)["source"]
        sources = _read_sources(text, given["input"], field, Path(folder), bad)
        show = _format_json_line if given["style"] == "json" or nbest > 1 else _format_line
        draw = partial(_render_attention, writer)
        with html_page(given["html"], given["run"], draw) as keep:
            write_output(given["output"], map(show, keep(writer.generate(sources))))
    return 1 if bad.count else 0


def _sampling_options(
    options: dict[str, Any], search: dict[str, Any], search_defaults: dict[str, Any]
) -> Sampling | None:
    """How to draw, if texts are to be drawn. search_defaults: the search of the run."""
    drawn = {key: options[key] for key in SAMPLING_DEFAULTS if key != "sample"}
    if options["sample"]:
        if odd := next((key for key in _BEAM_SEARCH_KEYS if search[key] != search_defaults[key]), None):
            there = "one text of each source is drawn, and none searched"
            raise UserError(f"sample=true with {odd}=", there, "Leave one of them out; another seed= draws anew.")
        return Sampling(**drawn, block_ngrams=search["block_ngrams"])
    if odd := next((key for key, value in drawn.items() if value != SAMPLING_DEFAULTS[key]), None):
        raise UserError(f"{odd}= without sample=true", "it tells how texts are drawn", "Add sample=true.")
    return None


def evaluate(arguments: list[str]) -> int:
    """Score what is written for a split, or for the sources of a file."""
    names = {"source": None, "target": None, "references": None}
    files = {"input": None, "input_target": None, **names, "metrics": None, "report": None}
    defaults = {"split": None, **files, "batch_tokens": BATCH_TOKENS}
    given, search = _parse_options(arguments, defaults)
    of_file = [key for key in ("input_target", *names) if given[key]]
    if given["input"] and given["split"]:
        raise UserError("split= with input=", "a file stands for a split", "Give one or the other.")
    if of_file and not given["input"]:
        raise UserError(f"{of_file[0]}= without input=", "it tells of a file", "Add input=FILE, or leave it out.")
    for key in ("metrics", "report"):
        require_new_file(key, given[key])
    writer = _load_predictor(given["run"])
    run, model = writer.run, writer.model
    split = given["split"] or "test"
    if given["input"]:
        own = {} if given["input_target"] else text_columns(run.config.data)
        columns = [given[key] or own.get(key) for key in names]
        pairs = open_parallel_file(given["input"], given["input_target"], *columns)
    else:
        pairs = open_parallel_split(run.config.data, split, run.config.scores == "bleu")
    scores = evaluate_seq2seq(
        model, run.collate, pairs, run.config.scores, *make_beam_search(search), given["batch_tokens"]
    )
    print(scores.report(), end="")
    if given["report"]:
        title = f"{given['run']} on {given['input'] or split}"
        limits, options = make_beam_search(search)
        writer = replace(writer, limits=limits, search=options, batch_tokens=given["batch_tokens"])
        shown = _attention_examples(writer, pairs, scores)
        write_file_atomically(Path(given["report"]), text_report(title, scores, shown))
    if given["metrics"]:
        write_file_atomically(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif not given["input"] and "," not in given["run"]:
        if search == search_config(run.config):
            write_metrics(run.path, split, scores.as_dict())
            write_predictions(run.path, split, scores.outputs)
        else:
            said = "not kept in the run, whose scores are those of its own search; metrics=FILE keeps them"
            print(said, file=sys.stderr)
    return 0


def _attention_examples(
    writer: Seq2SeqPredictor, pairs: Sequence[ParallelExample], scores: TextScores
) -> list[AttentionExample]:
    """The texts that a page shows, with what was read for each."""
    each, shown = scores.each(), []
    chosen = select_examples(each)
    for i, found in zip(chosen, writer.generate(pairs[i] for i in chosen), strict=True):
        source = found.pair["source"]
        attention = writer.attention_for_ids(source, found.hypotheses[0].ids)
        shown.append(AttentionExample(source, found.texts[0], scores.references[i], each[i], *attention))
    return sorted(shown, key=lambda one: one.score)


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """What two runs write for a split of the data of the first, or for a file of such pairs; see `compare_metrics`."""
    writers = [_load_predictor(run) for run in runs]
    config = writers[0].run.config
    if input:
        pairs = open_parallel_file(input, None, *text_columns(config.data).values())
    else:
        pairs = open_parallel_split(config.data, split, config.scores == "bleu")
    return compare_metrics(*(_evaluate(writer, pairs, config.scores) for writer in writers))


def evaluate_split(run: str, split: str) -> EvaluationResult:
    """What a run writes for a split of its data, beside the references."""
    writer = _load_predictor(run)
    config = writer.run.config
    return evaluate_pairs(writer, open_parallel_split(config.data, split, config.scores == "bleu"))


def evaluate_pairs(writer: Seq2SeqPredictor, pairs: Sequence[ParallelExample]) -> EvaluationResult:
    """What a writer makes of pairs that are open."""
    started = time.perf_counter()
    scores = _evaluate(writer, pairs, writer.run.config.scores)
    return EvaluationResult(scores, len(pairs), time.perf_counter() - started)


def build_model(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    target = TextTokenizer.load(Path(run) / TOKENIZER)
    source = target if config.tokenizer.shared else TextTokenizer.load(Path(run) / SOURCE_TOKENIZER)
    return build_seq2seq(config, source, target)


def _evaluate(writer: Seq2SeqPredictor, pairs: Sequence[ParallelExample], metric: TextMetric) -> TextScores:
    """With the search of its training."""
    search, budget = make_beam_search(search_config(writer.run.config)), writer.run.config.loader.batch_tokens
    return evaluate_seq2seq(writer.model, writer.run.collate, pairs, metric, *search, budget)


def _parse_options(arguments: list[str], defaults: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """All values, and those of the search, whose defaults are those of the run."""
    run_dir = next(key.partition("=")[2] for key in reversed(arguments) if key.startswith("run="))
    own = search_config(read_config(Path(run_dir.partition(",")[0]), [TOKENIZER]))
    given = parse_arguments(arguments, {"run": run_dir, **defaults, **own})
    search = {key: given[key] for key in own}
    if search["nbest"] > search["beam"]:
        there = f"a beam of {search['beam']} finds as many texts at most"
        raise UserError(f"nbest={search['nbest']}", there, f"Type beam={search['nbest']}")
    return given, search


def _load_predictor(run: str) -> Seq2SeqPredictor:
    """The run, or several between commas that write together."""
    return load_seq2seq_predictor(run.split(","))


def _read_sources(
    text: str | None, path: str, field: str | None, temp_dir: Path, on_error: Callable[[DataError], None]
) -> Iterator[ParallelExample]:
    if text is not None:
        return iter([source_example(text)])
    if path == "-":
        path = str(buffer_stdin(temp_dir, "a source a line"))
    return read_sources(path, field, on_error)


def _render_attention(writer: Seq2SeqPredictor, generation: Generation) -> str:
    return render_with_attention(writer, to_record(generation))


def _format_line(generation: Generation) -> str:
    return " ".join(generation.texts[0].split()) + "\n"


def _format_json_line(generation: Generation) -> str:
    return json_line(to_record(generation))
