"""`scripts/predict_ray.py`: workers and commands that are killed, and each line once all the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import grunlp
from grunlp.utils.cli import Command
from tests.conftest import Call
from tests.random_srl_corpus import toy_corpus

ROOT = Path(__file__).parents[2]
LINES = [" ".join(example["words"]) for example in toy_corpus(400, 7)]


@pytest.fixture
def main() -> Command:
    from scripts.predict_ray import main

    return main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "input= is missing"),
        (["input=none/*.txt", "out=x"], "no such file"),
        (["input={here}"], "out= is missing"),
        (["input={here}", "out=x", "workers=0"], "workers=0 is out of bounds"),
        (["input={here}", "out=x", "shard_lines=0"], "shard_lines=0 is out of bounds"),
        (["input={here}", "out=x", "worker=2"], "Did you mean workers?"),
    ],
)
def test_arguments(arguments: list[str], said: str, main: Command, call: Call) -> None:
    status, out, err = call(main, *(word.format(here=__file__) for word in arguments))
    assert (status, out) == (2, "") and said in err and not Path("x").exists()


def test_ray_is_missing(main: Command, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, err = call(main, f"input={__file__}", "out=x")
    assert status == 2 and "pip install 'grunlp[ray]'" in err


def test_wrong_format(main: Command, call: Call) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    status, _, err = call(main, f"input={__file__}", "out=x", "format=parkett")
    assert status == 2 and "Did you mean format=parquet?" in err and not Path("x").exists()


@pytest.mark.slow
def test_ray_does_not_start(main: Command, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")

    def refuse(**settings: object) -> None:
        raise ConnectionError("no cluster here\nmore")

    monkeypatch.setattr("ray.init", refuse)
    (tmp_path / "text").write_text("He left.\n")
    status, _, err = call(main, f"input={tmp_path}/text", f"out={tmp_path}/out", "address=auto")
    assert status == 2 and "address=auto: Ray did not start\nno cluster here\nType ray start" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["plan.json"]


@contextmanager
def command(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The script, under way. A sentence a batch, so that there is time to kill it."""
    pytest.importorskip("ray", reason="needs the extra ray")
    words = ["input=texts/*", "out=out", "shard_lines=40", "batch_tokens=1"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/predict_ray.py"), *words],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"},  # or a busy machine starves them
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # agents of Ray that outlive a command that was killed, too
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts in two files."""
    (tmp_path / "texts").mkdir()
    for name, lines in (("a", LINES[:180]), ("b", LINES[180:])):
        (tmp_path / "texts" / name).write_text("".join(f"{line}\n" for line in lines))
    return tmp_path


def wait_for(what: Callable[[], object], seconds: float = 400) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def done(out: Path) -> list[Path]:
    return sorted(out.glob("shard-*.jsonl"))


def at_work(out: Path) -> list[int]:
    """The processes that are in the middle of a shard."""
    return [int(part.name.split(".")[-2]) for part in out.glob(".shard-*.part")]


def require_whole(folder: Path) -> None:
    """Each line is answered once, in order, and as without Ray."""
    found = [json.loads(line) for part in done(folder / "out") for line in part.read_text().splitlines()]
    places = [(record.pop("file"), record["line"]) for record in found]
    assert places == [("texts/a", k) for k in range(1, 181)] + [("texts/b", k) for k in range(1, 221)]
    texts = ("\n".join(lines) for lines in (LINES[:180], LINES[180:]))
    want = [json.loads(json.dumps(record)) for records in grunlp.load().predict_iter(texts) for record in records]
    assert found == want
    assert not list((folder / "out").glob(".*"))
    sums = {"shards": 11, "lines": 400, "records": 400, "bad": 0}
    assert json.loads((folder / "out/_SUCCESS").read_text()) == sums


@pytest.mark.slow
def test_a_worker_is_killed(folder: Path) -> None:
    out = folder / "out"
    with command(folder) as process:
        wait_for(lambda: process.poll() is not None or (done(out) and len(at_work(out)) == 2))
        victim = at_work(out)[0]
        os.kill(victim, signal.SIGKILL)
        assert len(done(out)) < 11
        said, faults = process.communicate(timeout=300)
        assert process.returncode == 0, faults
        assert "11 shards, 400 lines, 400 records, 0 bad\n11 shards in " in said
    require_whole(folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_command_is_killed_and_typed_again(folder: Path, number: signal.Signals) -> None:
    out = folder / "out"
    with command(folder) as process:
        wait_for(lambda: process.poll() is not None or (len(done(out)) > 1 and at_work(out)))
        workers = at_work(out)
        process.send_signal(number)
        _, faults = process.communicate(timeout=60)
        assert process.returncode == (-9 if number == signal.SIGKILL else 143), faults
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    before = {path: path.stat().st_mtime_ns for path in done(out)}
    assert 1 < len(before) < 11 and not (out / "_SUCCESS").exists()
    with command(folder) as process:
        said, faults = process.communicate(timeout=300)
        assert process.returncode == 0, faults
        assert f"\n{11 - len(before)} shards in " in said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    require_whole(folder)
