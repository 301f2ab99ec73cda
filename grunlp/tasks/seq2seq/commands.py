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

from grunlp.configuration.key_value_args import parse_arguments, require_new, require_outputs
from grunlp.data.pair import Pair
from grunlp.data.readers.parallel import read_sources
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.sampling import Sampling
from grunlp.metrics.comparison import compare_measures
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER, read_config, write_metrics
from grunlp.tasks.predictor import BATCH_TOKENS
from grunlp.tasks.record_view import draw_with_attention, new_page
from grunlp.tasks.seq2seq.attention_report import Shown, choose, text_report
from grunlp.tasks.seq2seq.checkpoint import build_seq2seq, search_of, search_values, write_outputs
from grunlp.tasks.seq2seq.data import columns_of, open_pair_file, open_pair_split
from grunlp.tasks.seq2seq.inference import Written, score
from grunlp.tasks.seq2seq.metrics import Kind, TextScores
from grunlp.tasks.seq2seq.predictor import Writer, load_writer, record_of, source_pair
from grunlp.tasks.spec import Scored
from grunlp.utils.atomic_io import write_file
from grunlp.utils.cli_io import BadLines, json_line, keep_standard_input, write_out
from grunlp.utils.errors import DataError, GrunlpError

SAMPLING: dict[str, Any] = {"sample": False, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 1}
WANTED: dict[str, Any] = {"prefix": None, "required": None, "forbidden": None}
_FOR_BEAMS = ("beam", "nbest", "alpha", "normalization", "coverage_penalty")  # what sampling takes no notice of


def predict(text: str | None, arguments: list[str]) -> int:
    """Write a text for each source. text: a source that was typed, if one was."""
    defaults = {
        "input": "-",
        "output": "-",
        "html": None,
        "source": None,
        "style": "auto",
        "batch_tokens": BATCH_TOKENS,
        **SAMPLING,
        **WANTED,
    }
    given, search = _parse(arguments, defaults)
    if text is not None and (given["input"] != "-" or given["source"]):
        raise GrunlpError(f"{text!r} with input= or source=", "a text stands for them", "Give one or the other.")
    nbest = 1 if given["sample"] else search["nbest"]
    if given["style"] == "text" and nbest > 1:
        raise GrunlpError("style=text with nbest", "a line holds one text", "Type style=json, or leave nbest out.")
    require_outputs(given["output"], given["html"])
    writer = _load(given["run"])
    limits, options = search_of(search)
    how = _sampling(given, search, search_values(writer.run.config)) or options
    phrases = (given[key].split("|") if given[key] else [] for key in ("required", "forbidden"))
    writer = replace(writer, limits=limits, search=how, batch_tokens=given["batch_tokens"])
    writer = writer.wanting(given["prefix"] or "", *phrases)
    bad = BadLines(given["input"])
    with tempfile.TemporaryDirectory() as folder:
        field = given["source"] or columns_of(writer.run.config.data)["source"]
        sources = _sources(text, given["input"], field, Path(folder), bad)
        show = _json_line if given["style"] == "json" or nbest > 1 else _line
        draw = partial(_draw, writer)
        with new_page(given["html"], given["run"], draw) as keep:
            write_out(given["output"], map(show, keep(writer.write(sources))))
    return 1 if bad.count else 0


def _sampling(given: dict[str, Any], search: dict[str, Any], own: dict[str, Any]) -> Sampling | None:
    """How to draw, if texts are to be drawn. own: the search of the run."""
    drawn = {key: given[key] for key in SAMPLING if key != "sample"}
    if given["sample"]:
        if odd := next((key for key in _FOR_BEAMS if search[key] != own[key]), None):
            there = "one text of each source is drawn, and none searched"
            raise GrunlpError(f"sample=true with {odd}=", there, "Leave one of them out; another seed= draws anew.")
        return Sampling(**drawn, block_ngrams=search["block_ngrams"])
    if odd := next((key for key, value in drawn.items() if value != SAMPLING[key]), None):
        raise GrunlpError(f"{odd}= without sample=true", "it tells how texts are drawn", "Add sample=true.")
    return None


def evaluate(arguments: list[str]) -> int:
    """Score what is written for a split, or for the sources of a file."""
    names = {"source": None, "target": None, "references": None}
    files = {"input": None, "input_target": None, **names, "metrics": None, "report": None}
    defaults = {"split": None, **files, "batch_tokens": BATCH_TOKENS}
    given, search = _parse(arguments, defaults)
    of_file = [key for key in ("input_target", *names) if given[key]]
    if given["input"] and given["split"]:
        raise GrunlpError("split= with input=", "a file stands for a split", "Give one or the other.")
    if of_file and not given["input"]:
        raise GrunlpError(f"{of_file[0]}= without input=", "it tells of a file", "Add input=FILE, or leave it out.")
    for key in ("metrics", "report"):
        require_new(key, given[key])
    writer = _load(given["run"])
    run, model = writer.run, writer.model
    split = given["split"] or "test"
    if given["input"]:
        own = {} if given["input_target"] else columns_of(run.config.data)
        columns = [given[key] or own.get(key) for key in names]
        pairs = open_pair_file(given["input"], given["input_target"], *columns)
    else:
        pairs = open_pair_split(run.config.data, split, run.config.scores == "bleu")
    scores = score(model, run.collate, pairs, run.config.scores, *search_of(search), given["batch_tokens"])
    print(scores.report(), end="")
    if given["report"]:
        title = f"{given['run']} on {given['input'] or split}"
        limits, options = search_of(search)
        writer = replace(writer, limits=limits, search=options, batch_tokens=given["batch_tokens"])
        shown = _shown(writer, pairs, scores)
        write_file(Path(given["report"]), text_report(title, scores, shown))
    if given["metrics"]:
        write_file(Path(given["metrics"]), json.dumps(scores.as_dict(), indent=2))
    elif not given["input"] and "," not in given["run"]:
        if search == search_values(run.config):
            write_metrics(run.path, split, scores.as_dict())
            write_outputs(run.path, split, scores.outputs)
        else:
            said = "not kept in the run, whose scores are those of its own search; metrics=FILE keeps them"
            print(said, file=sys.stderr)
    return 0


def _shown(writer: Writer, pairs: Sequence[Pair], scores: TextScores) -> list[Shown]:
    """The texts that a page shows, with what was read for each."""
    each, shown = scores.each(), []
    chosen = choose(each)
    for i, found in zip(chosen, writer.write(pairs[i] for i in chosen), strict=True):
        source = found.pair["source"]
        attention = writer.attention_of(source, found.hypotheses[0].ids)
        shown.append(Shown(source, found.texts[0], scores.references[i], each[i], *attention))
    return sorted(shown, key=lambda one: one.score)


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """What two runs write for a split of the data of the first, or for a file of such pairs; see `compare_measures`."""
    writers = [_load(run) for run in runs]
    config = writers[0].run.config
    if input:
        pairs = open_pair_file(input, None, *columns_of(config.data).values())
    else:
        pairs = open_pair_split(config.data, split, config.scores == "bleu")
    return compare_measures(*(_score(writer, pairs, config.scores) for writer in writers))


def score_split(run: str, split: str) -> Scored:
    """What a run writes for a split of its data, beside the references."""
    writer = _load(run)
    config = writer.run.config
    return score_pairs(writer, open_pair_split(config.data, split, config.scores == "bleu"))


def score_pairs(writer: Writer, pairs: Sequence[Pair]) -> Scored:
    """What a writer makes of pairs that are open."""
    started = time.perf_counter()
    scores = _score(writer, pairs, writer.run.config.scores)
    return Scored(scores, len(pairs), time.perf_counter() - started)


def build(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    target = TextTokenizer.load(Path(run) / TOKENIZER)
    source = target if config.tokenizer.shared else TextTokenizer.load(Path(run) / SOURCE_TOKENIZER)
    return build_seq2seq(config, source, target)


def _score(writer: Writer, pairs: Sequence[Pair], kind: Kind) -> TextScores:
    """With the search of its training."""
    search, budget = search_of(search_values(writer.run.config)), writer.run.config.loader.batch_tokens
    return score(writer.model, writer.run.collate, pairs, kind, *search, budget)


def _parse(arguments: list[str], defaults: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """All values, and those of the search, whose defaults are those of the run."""
    run_dir = next(key.partition("=")[2] for key in reversed(arguments) if key.startswith("run="))
    own = search_values(read_config(Path(run_dir.partition(",")[0]), [TOKENIZER]))
    given = parse_arguments(arguments, {"run": run_dir, **defaults, **own})
    search = {key: given[key] for key in own}
    if search["nbest"] > search["beam"]:
        there = f"a beam of {search['beam']} finds as many texts at most"
        raise GrunlpError(f"nbest={search['nbest']}", there, f"Type beam={search['nbest']}")
    return given, search


def _load(run: str) -> Writer:
    """The run, or several between commas that write together."""
    return load_writer(run.split(","))


def _sources(
    text: str | None, path: str, field: str | None, folder: Path, report: Callable[[DataError], None]
) -> Iterator[Pair]:
    if text is not None:
        return iter([source_pair(text)])
    if path == "-":
        path = str(keep_standard_input(folder, "a source a line"))
    return read_sources(path, field, report)


def _draw(writer: Writer, written: Written) -> str:
    return draw_with_attention(writer, record_of(written))


def _line(written: Written) -> str:
    return " ".join(written.texts[0].split()) + "\n"


def _json_line(written: Written) -> str:
    return json_line(record_of(written))
