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
from grunlp.data.input_manifest import checksum
from grunlp.data.readers.text_lines import line_offsets, open_lines
from grunlp.runs.layout import CLASSES, CONFIG, ENCODER, SOURCE_TOKENIZER, TOKENIZER, VOCABULARY, WEIGHTS
from grunlp.tasks import Predictor, Record, load
from grunlp.tasks.input_detection import Reading, line_records, reading_of
from grunlp.utils.atomic_io import replacing, write_file
from grunlp.utils.cli_io import json_line, new_file
from grunlp.utils.errors import DataError, GrunlpError
from grunlp.utils.safe_load import read_json

PLAN, SUCCESS = "plan.json", "_SUCCESS"
FORMATS = ("jsonl", "parquet")
MOST_SHARDS = 10**6  # that sort by their names
_NETWORK = (WEIGHTS, CONFIG, VOCABULARY, CLASSES, TOKENIZER, SOURCE_TOKENIZER, f"{ENCODER}/*")  # what answers rest on
_WAY = "Type out=NEW_FOLDER, or the command as it was"


class Shard(NamedTuple):
    """Some lines of a file.

    Attributes:
        number: from 0, over all files.
        file: as it was typed.
        format, find: as `Reading` has them.
        first: number of the first line, from 1.
        offset: where it begins, as `line_offsets` counts.
        lines: how many.
    """

    number: int
    file: str
    format: str
    find: bool
    first: int
    offset: int
    lines: int


class Counts(NamedTuple):
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


def make_plan(predictor: Predictor[Any, Any], files: Sequence[str], settings: dict[str, Any]) -> dict[str, Any]:
    """What is to be done, as JSON has it. All files are read once.

    Args:
        files: in order.
        settings: what the records depend on beside the run, and `shard_lines`, the lines of a shard.

    Raises:
        DataError, GrunlpError: as `reading_of`; there are too many shards.
    """
    paths = sorted(path for name in _NETWORK for path in predictor.path.glob(name) if path.is_file())
    network = {str(path.relative_to(predictor.path)): checksum(path) for path in paths}
    planned = []
    for file in files:
        reading = reading_of(predictor, Path(file))
        offsets, lines = line_offsets(Path(file), settings["shard_lines"])
        planned.append({"file": file, "sha256": checksum(Path(file)), **reading._asdict(), "lines": lines})
        planned[-1]["offsets"] = offsets
    if sum(len(one["offsets"]) for one in planned) > MOST_SHARDS:
        lines = sum(one["lines"] for one in planned)
        there = f"{MOST_SHARDS} shards are the most"
        raise GrunlpError(f"{lines} lines in shards of {settings['shard_lines']}", there, "Type a larger shard_lines=")
    return {"grunlp": __version__, "run": network, **settings, "files": planned}


def begin(folder: Path, plan: dict[str, Any]) -> None:
    """Write the plan into the folder, or find it there.

    Raises:
        GrunlpError: the folder has another plan, or other files.
    """
    if (folder / PLAN).is_file():
        _require_same(folder, read_json(folder / PLAN), plan)
    elif others := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
        there = f"it holds {', '.join(others[:3])} and no {PLAN}"
        raise GrunlpError(f"out={folder} is not empty", there, "Type out=NEW_FOLDER")
    else:
        write_file(folder / PLAN, json.dumps(plan, ensure_ascii=False))


def _require_same(folder: Path, was: Any, plan: dict[str, Any]) -> None:
    if was == plan:
        return
    if not isinstance(was, dict) or set(was) != set(plan):
        raise GrunlpError(f"{folder / PLAN} is no plan of this version", "", "Type out=NEW_FOLDER")
    key = next(key for key in plan if was[key] != plan[key])
    there = f"it was {was[key]}, and is {plan[key]}"
    if key == "run":
        there = "its settings, vocabulary or weights have changed"
    if key == "files":
        before, now = next(pair for pair in zip_longest(was[key], plan[key]) if pair[0] != pair[1])
        there = f"{(now or before)['file']} is not what it was, or stood not in this place"
    raise GrunlpError(f"{folder} was begun with other {key}", there, _WAY)


def shards_of(plan: dict[str, Any]) -> Iterator[Shard]:
    """All shards, in order."""
    number, size = 0, plan["shard_lines"]
    for one in plan["files"]:
        for k, offset in enumerate(one["offsets"]):
            lines = min(size, one["lines"] - k * size)
            yield Shard(number, one["file"], one["format"], one["find"], 1 + k * size, offset, lines)
            number += 1


def finish(folder: Path, counted: Sequence[Counts]) -> dict[str, int]:
    """Write that all is there, with the sums; returns them."""
    sums = {"shards": len(counted)}
    for key in ("lines", "records", "bad"):
        sums[key] = sum(getattr(one, key) for one in counted)
    write_file(folder / SUCCESS, json.dumps(sums) + "\n")
    return sums


@dataclass
class ShardPredictor:
    """Predicts shards in one process.

    Args:
        folder: where they are to lie.
        root: where names of files start that are no whole paths.
        run: the run folder, or "default".
        format: "jsonl": objects a line, as `grunlp.predict` prints them, with `file` and `line`; "parquet": columns
            file, line, id, and record, which is the object.
        batch_tokens: tokens a batch; lines are batched by length within their shard.
    """

    folder: Path
    root: Path
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
        except GrunlpError as error:  # told as text: not every error survives the way between processes
            return Counts(shard.number, shard.lines, error=str(error))._asdict()

    def count(self, shard: Shard) -> Counts:
        """The same for a shard. Raises GrunlpError where it cannot be read or written."""
        path = self.folder / f"shard-{shard.number:06d}.{self.format}"
        faults = path.with_suffix(".bad")
        seconds = 0.0
        if not path.exists():
            started = time.process_time()
            self._write(shard, path, faults)
            seconds = time.process_time() - started
        records = _lines_of(path) if self.format == "jsonl" else parquet.read_metadata(path).num_rows
        return Counts(shard.number, shard.lines, records, _lines_of(faults) if faults.exists() else 0, seconds)

    def _write(self, shard: Shard, path: Path, faults: Path) -> None:
        bad: list[DataError] = []
        lines = islice(open_lines(self.root / shard.file, shard.first, shard.offset), shard.lines)
        reading = Reading(shard.format, shard.find)
        numbered = line_records(self.predictor, shard.file, lines, reading, bad.append)
        if self.format == "jsonl":
            with replacing(path) as part:
                with part.open("w", encoding="utf-8") as file:
                    file.writelines(json_line({"file": shard.file, "line": n, **record}) for n, record in numbered)
                _write_faults(faults, bad)  # before the shard is there
        else:
            table = _table(shard.file, list(numbered))
            with replacing(path) as part:
                parquet.write_table(table, part, compression="zstd")
                _write_faults(faults, bad)


def _table(file: str, numbered: list[tuple[int, Record]]) -> pa.Table:
    """The same columns, whatever is in the records of a shard."""
    columns = {
        "file": pa.array([file] * len(numbered), pa.string()),
        "line": pa.array([number for number, _ in numbered], pa.int64()),
        "id": pa.array([record.get("id", "") for _, record in numbered], pa.string()),
        "record": pa.array([json_line(record).rstrip("\n") for _, record in numbered], pa.string()),
    }
    return pa.table(columns)


def _write_faults(path: Path, bad: list[DataError]) -> None:
    if bad:
        with new_file(path) as file:
            for error in bad:
                file.write(f"{error.path}:{error.line}: {error.problem}; {error.there_is}\n")


def _lines_of(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))
