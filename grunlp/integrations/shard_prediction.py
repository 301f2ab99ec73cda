"""A corpus in shards, some lines of a file each, that are predicted one by one, anywhere and in any order, each once.

    plan.json             the files, where they are cut, and the run
    shard-000012.jsonl    the records of one shard, in the order of its lines; or .parquet
    shard-000012.bad      which of its lines could not be read, where there are any
    _SUCCESS              how many there are of everything, when all is there

A shard appears when it is whole, and is not computed again where it lies: that is all it takes to go on after anything,
and to try a shard twice. Read by their names, shards have the order of the input.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from grunlp import __version__
from grunlp.data.input_manifest import sha256_of_file
from grunlp.data.readers.text_lines import index_line_offsets, open_lines
from grunlp.runs.layout import CLASS_LABELS, CONFIG, ENCODER_DIR, SOURCE_TOKENIZER, TOKENIZER, VOCABULARY, WEIGHTS
from grunlp.tasks import Predictor, Record, load, spec_named
from grunlp.tasks.line_input import LineFormat
from grunlp.utils.atomic_io import atomic_path, write_file_atomically
from grunlp.utils.cli_io import atomic_new_file, json_line
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.safe_load import read_json

PLAN_FILE, SUCCESS_FILE = "plan.json", "_SUCCESS"
FORMATS = ("jsonl", "parquet")
MAX_SHARDS = 10**6  # that sort by their names
# what answers rest on
_MODEL_FILES = (WEIGHTS, CONFIG, VOCABULARY, CLASS_LABELS, TOKENIZER, SOURCE_TOKENIZER, f"{ENCODER_DIR}/*")
_HINT = "Type out=NEW_FOLDER, or the command as it was"


class Shard(NamedTuple):
    """Some lines of a file.

    Attributes:
        number: from 0, over all files.
        file: as it was typed.
        format, detect_predicates: as in `LineFormat`.
        first: number of the first line, from 1.
        offset: where it begins, as `index_line_offsets` counts.
        lines: how many.
    """

    number: int
    file: str
    format: str
    detect_predicates: bool
    first: int
    offset: int
    lines: int


class ShardStats(NamedTuple):
    """What became of a shard.

    Attributes:
        shard: its number.
        lines, records, bad: how many; a line of running text has a record a sentence.
        seconds: of a core that it took; 0 where it was there.
        error: of the kind that users can mend, and the shard is not there; else empty.
    """

    shard: int
    lines: int
    records: int = 0
    bad: int = 0
    seconds: float = 0.0
    error: str = ""


def plan_shards(predictor: Predictor[Any, Any], files: Sequence[str], settings: dict[str, Any]) -> dict[str, Any]:
    """What is to be done, as JSON has it. All files are read once.

    Args:
        files: in order.
        settings: what the records depend on beside the run, and `shard_lines`, the lines of a shard.

    Raises:
        DataError, UserError: a file cannot be read line by line; there are too many shards.
    """
    paths = sorted(path for name in _MODEL_FILES for path in predictor.path.glob(name) if path.is_file())
    network = {str(path.relative_to(predictor.path)): sha256_of_file(path) for path in paths}
    task, planned = spec_named(predictor.task), []
    for file in files:
        line_format = task.detect_line_format(predictor, Path(file))
        offsets, lines = index_line_offsets(Path(file), settings["shard_lines"])
        planned.append({"file": file, "sha256": sha256_of_file(Path(file)), **line_format._asdict(), "lines": lines})
        planned[-1]["offsets"] = offsets
    if sum(len(one["offsets"]) for one in planned) > MAX_SHARDS:
        lines = sum(one["lines"] for one in planned)
        there = f"{MAX_SHARDS} shards are the most"
        raise UserError(f"{lines} lines in shards of {settings['shard_lines']}", there, "Type a larger shard_lines=")
    return {"grunlp": __version__, "run": network, **settings, "files": planned}


def start_job(folder: Path, plan: dict[str, Any]) -> None:
    """Write the plan into the folder, or find it there.

    Raises:
        UserError: the folder has another plan, or other files.
    """
    if (folder / PLAN_FILE).is_file():
        _require_same_plan(folder, read_json(folder / PLAN_FILE), plan)
    elif others := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
        there = f"it holds {', '.join(others[:3])} and no {PLAN_FILE}"
        raise UserError(f"out={folder} is not empty", there, "Type out=NEW_FOLDER")
    else:
        write_file_atomically(folder / PLAN_FILE, json.dumps(plan, ensure_ascii=False))


def _require_same_plan(folder: Path, existing: Any, plan: dict[str, Any]) -> None:
    if existing == plan:
        return
    if not isinstance(existing, dict) or set(existing) != set(plan):
        raise UserError(f"{folder / PLAN_FILE} is no plan of this version", "", "Type out=NEW_FOLDER")
    key = next(key for key in plan if existing[key] != plan[key])
    there = f"it was {existing[key]}, and is {plan[key]}"
    if key == "run":
        there = "its settings, vocabulary or weights have changed"
    if key == "files":
        before, now = next(pair for pair in zip_longest(existing[key], plan[key]) if pair[0] != pair[1])
        there = f"{(now or before)['file']} is not what it was, or stood not in this place"
    raise UserError(f"{folder} was begun with other {key}", there, _HINT)


def iter_shards(plan: dict[str, Any]) -> Iterator[Shard]:
    """All shards, in order."""
    number, size = 0, plan["shard_lines"]
    for one in plan["files"]:
        for k, offset in enumerate(one["offsets"]):
            lines = min(size, one["lines"] - k * size)
            yield Shard(number, one["file"], one["format"], one["detect_predicates"], 1 + k * size, offset, lines)
            number += 1


def finish_job(folder: Path, stats: Sequence[ShardStats]) -> dict[str, int]:
    """Write that all is there, with the sums; returns them."""
    sums = {"shards": len(stats)}
    for key in ("lines", "records", "bad"):
        sums[key] = sum(getattr(one, key) for one in stats)
    write_file_atomically(folder / SUCCESS_FILE, json.dumps(sums) + "\n")
    return sums


@dataclass
class ShardPredictor:
    """Predicts shards in one process.

    Args:
        output_dir: where they are to lie.
        input_root: where names of files start that are no whole paths.
        run: the run folder, or "default".
        format: "jsonl": objects a line, as `grunlp.predict` prints them, with `file` and `line`; "parquet": columns
            file, line, id, and record, which is the object.
        batch_tokens: tokens a batch; lines are batched by length within their shard.
    """

    output_dir: Path
    input_root: Path
    run: str
    format: str
    batch_tokens: int

    def __post_init__(self) -> None:
        self.predictor: Any = replace(load(self.run), batch_tokens=self.batch_tokens)  # type: ignore[type-var]

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Predict the shard that a row describes, unless it is there, and count."""
        shard = Shard(**row)
        try:
            return self.count(shard)._asdict()
        except UserError as error:  # told as text: not every error survives the way between processes
            return ShardStats(shard.number, shard.lines, error=str(error))._asdict()

    def count(self, shard: Shard) -> ShardStats:
        """The same for a shard. Raises UserError where it cannot be read or written."""
        path = self.output_dir / f"shard-{shard.number:06d}.{self.format}"
        faults = path.with_suffix(".bad")
        seconds = 0.0
        if not path.exists():
            started = time.process_time()
            self._write(shard, path, faults)
            seconds = time.process_time() - started
        records = _count_lines(path) if self.format == "jsonl" else parquet.read_metadata(path).num_rows
        return ShardStats(shard.number, shard.lines, records, _count_lines(faults) if faults.exists() else 0, seconds)

    def _write(self, shard: Shard, path: Path, error_path: Path) -> None:
        bad: list[DataError] = []
        lines = islice(open_lines(self.input_root / shard.file, shard.first, shard.offset), shard.lines)
        line_format = LineFormat(shard.format, shard.detect_predicates)
        reader = spec_named(self.predictor.task).line_reader(self.predictor, shard.file, line_format)
        numbered = reader.records(lines, bad.append)
        if self.format == "jsonl":
            with atomic_path(path) as part:
                with part.open("w", encoding="utf-8") as file:
                    file.writelines(json_line({"file": shard.file, "line": n, **record}) for n, record in numbered)
                _write_errors(error_path, bad)  # before the shard is there
        else:
            table = _records_table(shard.file, list(numbered))
            with atomic_path(path) as part:
                parquet.write_table(table, part, compression="zstd")
                _write_errors(error_path, bad)


def _records_table(file: str, numbered: list[tuple[int, Record]]) -> pa.Table:
    """The same columns, whatever is in the records of a shard."""
    columns = {
        "file": pa.array([file] * len(numbered), pa.string()),
        "line": pa.array([number for number, _ in numbered], pa.int64()),
        "id": pa.array([record.get("id", "") for _, record in numbered], pa.string()),
        "record": pa.array([json_line(record).rstrip("\n") for _, record in numbered], pa.string()),
    }
    return pa.table(columns)


def _write_errors(path: Path, errors: list[DataError]) -> None:
    if errors:
        with atomic_new_file(path) as file:
            for error in errors:
                file.write(f"{error.path}:{error.line}: {error.reason}; {error.details}\n")


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))
