"""Shards: together the whole, each once, whatever happened before."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from grunlp import tasks
from grunlp.data.input_manifest import sha256_of_file
from grunlp.integrations import shard_prediction
from grunlp.integrations.shard_prediction import (
    ShardPredictor,
    ShardStats,
    finish_job,
    iter_shards,
    plan_shards,
    start_job,
)
from grunlp.tasks import Predictor
from grunlp.utils.errors import UserError
from tests.tasks.conftest import SENTENCES, runs  # noqa: F401

SETTINGS = {"format": "jsonl", "shard_lines": 3, "batch_tokens": 500}
BAD = b"\xff\n"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of 7 and 5 lines, the last of them bad, in the folder of the process."""
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("".join(f"{text}\n" for text in SENTENCES[:7]))
    Path("b.txt").write_bytes("".join(f"{text} {text}\n" for text in SENTENCES[7:11]).encode() + BAD)
    Path("out").mkdir()
    return ["a.txt", "b.txt"]


@pytest.fixture
def tagger(runs: dict[str, Path]) -> Predictor[Any, Any]:  # noqa: F811
    return tasks.load(runs["tagger"])


def worker(tagger: Predictor[Any, Any], **settings: Any) -> ShardPredictor:
    return ShardPredictor(
        Path("out"), Path.cwd(), str(tagger.path), **({"format": "jsonl", "batch_tokens": 500} | settings)
    )


def predicted(worker: ShardPredictor, plan: dict[str, Any]) -> list[ShardStats]:
    """In no order."""
    rows = sorted((shard._asdict() for shard in iter_shards(plan)), key=lambda row: row["number"] % 2)
    return [ShardStats(**worker(row)) for row in rows]


def test_shards_are_the_whole(files: list[str], tagger: Predictor) -> None:
    plan = plan_shards(tagger, files, SETTINGS)
    start_job(Path("out"), plan)
    sums = finish_job(Path("out"), predicted(worker(tagger), plan))
    parts = sorted(Path("out").glob("shard-*.jsonl"))
    found = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    want = []
    for name in files:
        lines = Path(name).read_bytes().replace(BAD, b"").decode().splitlines()
        for number, records in enumerate(tagger.predict_iter(lines), start=1):
            want += [
                {"file": name, "line": number, "words": record["words"], "tags": record["tags"]} for record in records
            ]
    assert [{key: one[key] for key in ("file", "line", "words", "tags")} for one in found] == want
    assert (
        sums
        == {"shards": 5, "lines": 12, "records": len(want), "bad": 1}
        == json.loads(Path("out/_SUCCESS").read_text())
    )
    assert Path("out/shard-000004.bad").read_text().startswith("b.txt:5: byte 0xff")
    assert {path.name for path in Path("out").iterdir()} == {
        *("plan.json", "_SUCCESS", "shard-000004.bad"),
        *(f"shard-{k:06d}.{ending}" for k in range(5) for ending in ("jsonl", "sha256")),
    }


def test_parquet_has_the_same(files: list[str], tagger: Predictor) -> None:
    plan = plan_shards(tagger, files, SETTINGS)
    for format in ("jsonl", "parquet"):
        counts = predicted(worker(tagger, format=format), plan)
        assert sum(one.bad for one in counts) == 1
    for shard in iter_shards(plan):
        stem = f"out/shard-{shard.number:06d}"
        table = parquet.read_table(f"{stem}.parquet")
        assert table.schema.names == ["file", "line", "id", "record"]
        rows = [{"file": row["file"], "line": row["line"]} | json.loads(row["record"]) for row in table.to_pylist()]
        assert rows == [json.loads(line) for line in Path(f"{stem}.jsonl").read_text().splitlines()]
        assert table.column("id").to_pylist() == [row.get("id", "") for row in rows]


def test_what_is_there_is_not_done_again(files: list[str], tagger: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_shards(tagger, files, SETTINGS)
    first = predicted(worker(tagger), plan)
    Path("out/shard-000001.jsonl").unlink()
    ages = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.jsonl")}
    again = predicted(worker(tagger), plan)
    assert [one[:4] for one in again] == [one[:4] for one in first]
    assert [one.shard for one in again if one.seconds] == [1]
    assert {path: path.stat().st_mtime_ns for path in ages} == ages and Path("out/shard-000001.jsonl").exists()


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
@pytest.mark.parametrize("ending", ["FORMAT", "bad", "sha256"])
@pytest.mark.parametrize(
    "harm",
    [
        *(Path.unlink, damage, lambda file: file.write_bytes(b"")),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 2]),
        lambda file: file.write_bytes(file.read_bytes() + b"x"),
    ],
)
@pytest.mark.slow
def test_a_damaged_shard_is_predicted_again(
    files: list[str], tagger: Predictor, format: str, ending: str, harm: Callable[[Path], object]
) -> None:
    """Whichever of its files is missing, truncated, longer or has another byte."""
    shard = list(iter_shards(plan_shards(tagger, files, SETTINGS)))[-1]
    one = worker(tagger, format=format)
    first = one.predict(shard)
    contents = {path: path.read_bytes() for path in Path("out").iterdir()}
    assert first.bad == 1 and len(contents) == 3
    harm(Path(f"out/shard-000004.{ending.replace('FORMAT', format)}"))
    again = one.predict(shard)
    assert again.seconds and again[:4] == first[:4]
    assert {path: path.read_bytes() for path in Path("out").iterdir()} == contents
    assert not one.predict(shard).seconds


def sealed(file: Path, content: bytes, head: str | None = None) -> None:
    """Replace the content of a shard, and its checksum."""
    checksums = file.with_suffix(".sha256")
    first, *rest = checksums.read_text().splitlines(keepends=True)
    rest = [line for line in rest if not line.endswith(f"  {file.name}\n")]
    file.write_bytes(content)
    checksums.write_text("".join([head or first, f"{sha256_of_file(file)}  {file.name}\n", *rest]))


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_a_shard_that_is_not_of_this_job_is_predicted_again(files: list[str], tagger: Predictor, format: str) -> None:
    """Also if its checksums are made to match: the counts and the plan do not."""
    settings, other = SETTINGS | {"format": format}, SETTINGS | {"format": format, "batch_tokens": 400}
    shard = list(iter_shards(plan_shards(tagger, files, settings)))[-1]
    one, path = worker(tagger, format=format), Path(f"out/shard-000004.{format}")
    first, contents = one.predict(shard), {path: path.read_bytes() for path in Path("out").iterdir()}

    def changed() -> bool:
        again = one.predict(shard)
        assert again[:4] == first[:4] and {path: path.read_bytes() for path in Path("out").iterdir()} == contents
        return bool(again.seconds)

    assert not changed()
    head = path.with_suffix(".sha256").read_text().splitlines(keepends=True)[0]
    for old, new in ((f" {first.records} records", " 99 records"), (" 1 malformed", " 0 malformed"), (shard.plan, "")):
        sealed(path, path.read_bytes(), head.replace(old, new))
        assert changed(), new
    if format == "jsonl":
        sealed(path, b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    else:
        parquet.write_table(parquet.read_table(path)[:-1], path)
        sealed(path, path.read_bytes())
    assert changed(), "cut"
    sealed(path.with_suffix(".bad"), b"")
    assert changed(), "the malformed lines are cut"
    one.predict(list(iter_shards(plan_shards(tagger, files, other)))[-1])
    assert changed(), "of another plan"


def test_malformed_lines_of_another_attempt_do_not_stay(files: list[str], tagger: Predictor) -> None:
    shard = next(iter_shards(plan_shards(tagger, files, SETTINGS)))
    Path("out/shard-000000.bad").write_text("a.txt:1: of an attempt by hand\n")
    assert worker(tagger).predict(shard).bad == 0 and not Path("out/shard-000000.bad").exists()


def test_the_checksums_are_those_of_sha256sum(files: list[str], tagger: Predictor) -> None:
    predicted(worker(tagger), plan_shards(tagger, files, SETTINGS))
    command = ["sha256sum", "--strict", "-c", *sorted(path.name for path in Path("out").glob("*.sha256"))]
    done = subprocess.run(command, cwd="out", capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count(": OK") == 6, done.stderr


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_half_a_shard_is_none(
    files: list[str], tagger: Predictor, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard, one = next(iter_shards(plan_shards(tagger, files, SETTINGS))), worker(tagger, format=format)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
        one.predict(shard)
    assert not list(Path("out").iterdir())
    assert one.predict(shard).records


def test_faults_are_told_between_processes(files: list[str], tagger: Predictor) -> None:
    plan, one = plan_shards(tagger, files, SETTINGS), worker(tagger)
    Path("a.txt").unlink()
    row = one(next(iter_shards(plan))._asdict())
    assert "a.txt: does not exist" in row["error"] and row["records"] == 0


def test_another_plan_is_refused(files: list[str], tagger: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    out = Path("out")
    start_job(out, plan_shards(tagger, files, SETTINGS))
    start_job(out, plan_shards(tagger, files, SETTINGS))

    def refused(said: str, files: list[str], settings: dict[str, Any] = SETTINGS) -> None:
        with pytest.raises(UserError, match=f"(?s)was started with another {said}.*Type out=NEW_FOLDER"):
            start_job(out, plan_shards(tagger, files, settings))

    refused("format\nit was jsonl and is now parquet", files, SETTINGS | {"format": "parquet"})
    refused("shard_lines\nit was 3 and is now 4", files, SETTINGS | {"shard_lines": 4})
    refused("batch_tokens", files, SETTINGS | {"batch_tokens": 501})
    refused("files\nb.txt has changed", files[:1])
    refused("files\nb.txt has changed", files[::-1])
    text = Path("a.txt").read_text()
    Path("a.txt").write_text(text.swapcase())
    refused("files\na.txt has changed", files)
    Path("a.txt").write_text(text)
    with monkeypatch.context() as patch:
        patch.setattr(shard_prediction, "__version__", "0.0")
        refused("grunlp", files)
    config = tagger.path / "config.yaml"
    was = config.read_text()
    config.write_text(was + "# \n")
    refused("run\nthe configuration", files)
    config.write_text(was)
    (tagger.path / "metrics.json").write_text("{}")  # what says how good a run is changes no answer
    start_job(out, plan_shards(tagger, files, SETTINGS))
    (tagger.path / "metrics.json").unlink()
    plan = plan_shards(tagger, files, SETTINGS)
    changes: list[dict[str, Any]] = [{"files": 5}, {"files": ["a"]}, {"files": [*plan["files"], 3]}, {"files": [{}]}]
    for content in ([], {}, plan | {"run": None}, *(plan | change for change in changes)):
        (out / "plan.json").write_text(json.dumps(content))
        with pytest.raises(UserError, match="was not written by this version"):
            start_job(out, plan)


def test_folders_and_sizes_that_do_not_fit(
    files: list[str], tagger: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_shards(tagger, files, SETTINGS)
    with pytest.raises(UserError, match=r"(?s)is not empty.*a.txt, b.txt"):
        start_job(Path("."), plan)
    monkeypatch.setattr(shard_prediction, "MAX_SHARDS", 4)
    with pytest.raises(UserError, match="12 lines in shards of 3"):
        plan_shards(tagger, files, SETTINGS)
