"""Prediction of a corpus in shards: ranges of lines that are each predicted once, on any machine and in any order.

    plan.json             the files, the offsets of the shards, and checksums of the model
    shard-000012.jsonl    the records of one shard, in the order of its lines; or .parquet
    shard-000012.bad      its malformed lines, if there are any
    shard-000012.sha256   its numbers of records and malformed lines, and the SHA-256 of the plan and of these files
    _SUCCESS              the totals, when all shards are done

A shard is complete when its checksums are written and match its files and the plan, and its files have as many lines;
other shards are predicted again, so that a job can be interrupted at any time, a shard can be tried twice, and a shard
that is damaged or of another job is found. Sorted by name, the shards are in the order of the input.
`sha256sum -c shard-*.sha256` checks the files too.
"""

import hashlib
import json
import logging
import re
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
from grunlp.utils.cli_io import json_line
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.safe_load import read_json, read_text

log = logging.getLogger(__name__)

PLAN_FILE, SUCCESS_FILE = "plan.json", "_SUCCESS"
MAX_SHARDS = 10**6  # so that names sort by number
TEMP_FILES = ("shard-*", PLAN_FILE, SUCCESS_FILE)  # files of a job, of which a killed process may leave unfinished ones
_HEAD = re.compile(r"# (\d+) records, (\d+) malformed lines, plan ([0-9a-f]{64})")
# The files that predictions depend on.
_MODEL_FILES = (WEIGHTS, CONFIG, VOCABULARY, CLASS_LABELS, TOKENIZER, SOURCE_TOKENIZER, f"{ENCODER_DIR}/*")
_HINT = "Type out=NEW_FOLDER, or the same command as before"


class Shard(NamedTuple):
    """A shard: a range of lines of a file.

    Attributes:
        number: its number, from 0 over all files.
        file: the path of the file, as the user typed it.
        format, detect_predicates: as in `LineFormat`.
        first: number of the first line, from 1.
        offset: byte offset of the first line, as in `index_line_offsets`.
        lines: number of lines.
        plan: SHA-256 of the plan.
    """

    number: int
    file: str
    format: str
    detect_predicates: bool
    first: int
    offset: int
    lines: int
    plan: str


class ShardStats(NamedTuple):
    """The result of a shard.

    Attributes:
        shard: the number of the shard.
        lines, records, bad: numbers of lines, records and malformed lines; running text has a record for each sentence.
        seconds: processor time; 0 if the shard had been predicted before.
        error: the message of the UserError that prevented its prediction, otherwise empty.
    """

    shard: int
    lines: int
    records: int = 0
    bad: int = 0
    seconds: float = 0.0
    error: str = ""


def plan_shards(predictor: Predictor[Any, Any], files: Sequence[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Make the plan of a job, as a JSON object. All files are read once.

    Args:
        predictor: the model.
        files: the input, in order.
        settings: the other options that records depend on, and `shard_lines`, the lines of a shard.

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
    if sum(len(file["offsets"]) for file in planned) > MAX_SHARDS:
        lines = sum(file["lines"] for file in planned)
        details = f"at most {MAX_SHARDS} shards are possible"
        raise UserError(f"{lines} lines in shards of {settings['shard_lines']}", details, "Type a larger shard_lines=")
    return {"grunlp": __version__, "run": network, **settings, "files": planned}


def start_job(folder: Path, plan: dict[str, Any]) -> None:
    """Write the plan into the output folder, or check that the folder has the same plan.

    Raises:
        UserError: the folder has another plan, or other files.
    """
    if (folder / PLAN_FILE).is_file():
        _require_same_plan(folder, read_json(folder / PLAN_FILE), plan)
    elif others := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
        details = f"it contains {', '.join(others[:3])} and no {PLAN_FILE}"
        raise UserError(f"out={folder} is not empty", details, "Type out=NEW_FOLDER")
    else:
        write_file_atomically(folder / PLAN_FILE, json.dumps(plan, ensure_ascii=False))


def _require_same_plan(folder: Path, existing: Any, plan: dict[str, Any]) -> None:
    if existing == plan:
        return
    if not _is_like(existing, plan):
        raise UserError(f"{folder / PLAN_FILE} was not written by this version of grunlp", "", "Type out=NEW_FOLDER")
    key = next(key for key in plan if existing[key] != plan[key])
    details = f"it was {existing[key]} and is now {plan[key]}"
    if key == "run":
        details = "the configuration, vocabulary or weights have changed"
    if key == "files":
        before, now = next(pair for pair in zip_longest(existing[key], plan[key]) if pair[0] != pair[1])
        details = f"{(now or before)['file']} has changed, or was not at this position"
    raise UserError(f"{folder} was started with another {key}", details, _HINT)


def _is_like(existing: Any, plan: dict[str, Any]) -> bool:
    """Check that a plan has the keys of another, with values of the same types."""
    if not isinstance(existing, dict) or set(existing) != set(plan):
        return False
    if any(type(existing[key]) is not type(plan[key]) for key in plan):
        return False
    return all(isinstance(file, dict) and "file" in file for file in existing["files"])


def iter_shards(plan: dict[str, Any]) -> Iterator[Shard]:
    """Yield the shards of a plan in order."""
    number, size = 0, plan["shard_lines"]
    checksum = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    for file in plan["files"]:
        for k, offset in enumerate(file["offsets"]):
            lines = min(size, file["lines"] - k * size)
            yield Shard(
                number, file["file"], file["format"], file["detect_predicates"], 1 + k * size, offset, lines, checksum
            )
            number += 1


def finish_job(folder: Path, stats: Sequence[ShardStats]) -> dict[str, int]:
    """Write the file that marks the job as complete, with the totals, and return them."""
    totals = {"shards": len(stats)}
    for key in ("lines", "records", "bad"):
        totals[key] = sum(getattr(shard, key) for shard in stats)
    write_file_atomically(folder / SUCCESS_FILE, json.dumps(totals) + "\n")
    return totals


@dataclass
class ShardPredictor:
    """A predictor of shards in one process.

    Args:
        output_dir: the output folder.
        input_root: the folder that relative paths of files start from.
        run: the run folder, or "default" for the bundled model.
        format: "jsonl": an object in each line, as `grunlp.predict` prints it, with `file` and `line`; "parquet": the
            columns file, line, id and record, which is the object.
        batch_tokens: tokens in a batch; lines are batched by length within their shard.
    """

    output_dir: Path
    input_root: Path
    run: str
    format: str
    batch_tokens: int

    def __post_init__(self) -> None:
        self.predictor: Any = replace(load(self.run), batch_tokens=self.batch_tokens)  # type: ignore[type-var]

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Predict the shard that a row describes unless it exists, and return its `ShardStats` as a row."""
        shard = Shard(**row)
        try:
            return self.predict(shard)._asdict()
        except UserError as error:  # Not every exception can be pickled.
            return ShardStats(shard.number, shard.lines, error=str(error))._asdict()

    def predict(self, shard: Shard) -> ShardStats:
        """Predict a shard unless it exists. Raises UserError if it cannot be read or written."""
        path = self.output_dir / f"shard-{shard.number:06d}.{self.format}"
        counts = _read_counts(path, shard.plan)
        if counts is not None:
            return ShardStats(shard.number, shard.lines, *counts)
        if path.exists():
            log.warning("%s is damaged, incomplete or of another job; it is predicted again", path)
        started = time.process_time()
        records, bad = self._write(shard, path)
        return ShardStats(shard.number, shard.lines, records, bad, time.process_time() - started)

    def _write(self, shard: Shard, path: Path) -> tuple[int, int]:
        """Write the files of a shard, the checksums last. Returns the numbers of records and of malformed lines."""
        errors: list[DataError] = []
        lines = islice(open_lines(self.input_root / shard.file, shard.first, shard.offset), shard.lines)
        line_format = LineFormat(shard.format, shard.detect_predicates)
        reader = spec_named(self.predictor.task).line_reader(self.predictor, shard.file, line_format)
        numbered = reader.records(lines, errors.append)
        records = 0
        if self.format == "jsonl":
            with atomic_path(path) as temp_path, temp_path.open("w", encoding="utf-8") as file:
                for records, (number, record) in enumerate(numbered, start=1):  # noqa: B007 - counts them
                    file.write(json_line({"file": shard.file, "line": number, **record}))
        else:
            table = _records_table(shard.file, list(numbered))
            records = table.num_rows
            with atomic_path(path) as temp_path:
                parquet.write_table(table, temp_path, compression="zstd")
        bad_path = path.with_suffix(".bad")
        reports = (f"{error.path}:{error.line}: {error.reason}; {error.details}" for error in errors)
        malformed = [report.replace("\n", " ") + "\n" for report in reports]  # lines are counted
        if malformed:
            write_file_atomically(bad_path, "".join(malformed))
        else:
            bad_path.unlink(missing_ok=True)
        checksums = [f"{sha256_of_file(file)}  {file.name}\n" for file in (path, bad_path)[: 2 if malformed else 1]]
        head = f"# {records} records, {len(malformed)} malformed lines, plan {shard.plan}\n"
        write_file_atomically(path.with_suffix(".sha256"), head + "".join(checksums))
        return records, len(malformed)


def _records_table(file: str, numbered: list[tuple[int, Record]]) -> pa.Table:
    """Make a table with the same columns for every task."""
    columns = {
        "file": pa.array([file] * len(numbered), pa.string()),
        "line": pa.array([number for number, _ in numbered], pa.int64()),
        "id": pa.array([record.get("id", "") for _, record in numbered], pa.string()),
        "record": pa.array([json_line(record).rstrip("\n") for _, record in numbered], pa.string()),
    }
    return pa.table(columns)


def _read_counts(path: Path, plan: str) -> tuple[int, int] | None:
    """Return the numbers of records and malformed lines of a shard; None unless it was written so for this plan."""
    bad_path = path.with_suffix(".bad")
    try:
        head, *lines, end = read_text(path.with_suffix(".sha256"), 1000).split("\n")
        stored = {name: checksum for checksum, _, name in (line.partition("  ") for line in lines)}
        match = _HEAD.fullmatch(head)
        if end or match is None or match[3] != plan:
            return None
        records, bad = int(match[1]), int(match[2])
        files = [path, bad_path] if bad else [path]
        if stored != {file.name: sha256_of_file(file) for file in files}:
            return None
        if (_count_records(path), _count_lines(bad_path) if bad else 0) != (records, bad):
            return None
    except (DataError, OSError, ValueError):
        return None
    return records, bad


def _count_records(path: Path) -> int:
    """Return the number of records in a shard. Raises ValueError if it is not Parquet and should be."""
    if path.suffix == ".parquet":
        return int(parquet.read_metadata(path).num_rows)
    return _count_lines(path)


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
