"""What `predict` and `evaluate` do with networks that write texts."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunlp.arguments import parse_arguments, require_new
from grunlp.data.corpora.pairs import open_pair_file, open_pair_split
from grunlp.data.pair import Pair
from grunlp.data.readers.pairs import read_sources
from grunlp.errors import GrunlpError
from grunlp.models.ensemble import Ensemble
from grunlp.models.seq2seq import Seq2Seq
from grunlp.run_folder import SOURCE_TOKENIZER, TOKENIZER, read_config, write_metrics
from grunlp.tasks.generation import Written, score, write
from grunlp.text_run import TextRun, load_text_run, search_of, write_outputs


def predict_texts(text: str | None, arguments: list[str]) -> int:
    """Write a text for each source. text: a source that was typed, if one was."""
    defaults = {"input": "-", "output": "-", "source": None, "style": "auto", "batch_tokens": 3000}
    given, search = _parse(arguments, defaults)
    if text is not None and given["input"] != "-":
        raise GrunlpError(f"{text!r} with input=", "a text stands for it", "Give one or the other.")
    require_new("output", None if given["output"] == "-" else given["output"])
    run, model = _load(given["run"])
    style = given["style"]
    if style == "auto":
        style = "json" if search["nbest"] > 1 else "text"
    limits, options = search_of(search)
    with tempfile.TemporaryDirectory() as folder:
        sources = _sources(text, given["input"], given["source"], Path(folder))
        lines = map(_record if style == "json" else _line, write(
            model, run.collate, sources, limits, options, given["batch_tokens"]
        ))  # fmt: skip
        if given["output"] == "-":
            sys.stdout.writelines(lines)
            sys.stdout.flush()
            return 0
        # under another name until it is whole, so that a fault leaves nothing and the same command can be typed again
        part = Path(folder) / "output"
        with part.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        shutil.move(part, given["output"])
    return 0


def evaluate_texts(arguments: list[str]) -> int:
    """Score what is written for a split, or for the sources of a file."""
    defaults = {"split": "test", "input": None, "target": None, "metrics": None, "batch_tokens": 3000}
    given, search = _parse(arguments, defaults)
    require_new("metrics", given["metrics"])
    run, model = _load(given["run"])
    data, kind = run.config.data, run.config.scores
    if given["input"]:
        columns = (data.get("source"), data.get("target"), data.get("references"))
        pairs = open_pair_file(given["input"], given["target"], *columns)
    else:
        pairs = open_pair_split(data, given["split"], kind == "bleu")
    limits, options = search_of(search)
    scores = score(model, run.collate, pairs, kind, limits, options, given["batch_tokens"])
    print(scores.report(), end="")
    if given["metrics"]:
        Path(given["metrics"]).write_text(json.dumps(scores.as_dict(), indent=2), encoding="utf-8")
    elif not given["input"] and "," not in given["run"]:
        write_metrics(run.path, given["split"], scores.as_dict())
        write_outputs(run.path, given["split"], scores.outputs)
    return 0


def _parse(arguments: list[str], defaults: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """All values, and those of the search, whose defaults are those of the run."""
    run_dir = next(key.partition("=")[2] for key in reversed(arguments) if key.startswith("run="))
    search = dict(read_config(Path(run_dir.partition(",")[0])).search)
    given = parse_arguments(arguments, {"run": run_dir, **defaults, **search})
    search = {key: given[key] for key in search}
    if search["nbest"] > search["beam"]:
        there = f"a beam of {search['beam']} finds as many texts at most"
        raise GrunlpError(f"nbest={search['nbest']}", there, f"Type beam={search['nbest']}")
    return given, search


def _load(run_dir: str) -> tuple[TextRun, Seq2Seq | Ensemble]:
    """The first run of several between commas, and what they are together."""
    runs = [load_text_run(path) for path in run_dir.split(",")]
    for run in runs[1:]:
        for name in (TOKENIZER, SOURCE_TOKENIZER):
            files = [run.path / name, runs[0].path / name]
            if any(file.is_file() for file in files) and len({file.read_bytes() for file in files}) > 1:
                there = "networks that write together need the same vocabulary"
                raise GrunlpError(
                    f"{run.path} and {runs[0].path}: {name} differs", there, "Train them on the same data."
                )
    return runs[0], runs[0].model if len(runs) == 1 else Ensemble([run.model for run in runs])


def _sources(text: str | None, path: str, field: str | None, folder: Path) -> Iterator[Pair]:
    if text is not None:
        return iter([Pair(id="1", source=text, target="", references=[])])
    if path == "-":
        if sys.stdin.isatty():
            print("reading standard input, a source a line; end with Ctrl-D", file=sys.stderr)
        path = str(folder / "standard input")
        with open(path, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    return read_sources(path, field)


def _line(written: Written) -> str:
    return " ".join(written.texts[0].split()) + "\n"


def _record(written: Written) -> str:
    texts = [
        {"text": text, "log_probability": found.log_probability, "score": found.score}
        for text, found in zip(written.texts, written.hypotheses, strict=True)
    ]
    record = {"id": written.pair["id"], "source": written.pair["source"], "texts": texts}
    return json.dumps(record, ensure_ascii=False) + "\n"
