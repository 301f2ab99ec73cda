"""Feeds changed files to everything that reads files; run as a script, under a limit of memory.

    python tests/fuzzing.py COUNT SEED [TARGET ...]

prints a JSON object a target: inputs, the slowest in seconds, how much memory was held beyond the start in MiB. It ends
with an error, and the input in it, where one raises anything but UserError, takes longer than `SLOWEST`, or asks for
more
than `MOST_MEMORY` beyond what the imports take.
"""

import gzip
import io
import json
import logging
import lzma
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from grunlp.utils.errors import UserError

MOST_MEMORY = 2**29  # bytes
SLOWEST = 1.0  # seconds
FORMATS = Path(__file__).parent / "formats/1"
Reader = Callable[[Path], Any]

PARTS = [  # that may stand anywhere
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\n",
        b"\n\n",
        b"\t",
        b" ",
        b"\r\n",
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b"(",
        b")",
    ),
    *(b"*", b"|||", b"#", b"-", b"_", b":", b",", b"'", b"&a ", b"*a", b"${x}", b"!!x ", b"null", b"true", b"NaN"),
    *(b"1e999", b"-1", b"0", b"99999999999999999999", b"9" * 400, b"2147483648", b"1000000000", b"\\ud800", b"\\u0000"),
    *(b"[" * 3000, b"{" * 50, b'"a":' * 40, "é".encode(), "\u2028".encode(), "😀".encode(), b"I-X", b"B-", b"S-A"),
]
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "double", "flip", "swap", "cut", "number"]),
        st.integers(0, 2**32),
        st.integers(0, 2**16),
    ),
    min_size=1,
    max_size=6,
)


def change(content: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    """A file with some of its bytes changed."""
    for kind, where, what in changes:
        place = where % (len(content) + 1)
        width = what % 64
        if kind == "insert":
            content = content[:place] + PARTS[what % len(PARTS)] + content[place:]
        elif kind == "delete":
            content = content[:place] + content[place + width :]
        elif kind == "double":
            content = content[: place + width] + content[place:]
        elif kind == "flip" and content:
            place %= len(content)
            content = content[:place] + bytes([content[place] ^ (1 << what % 8)]) + content[place + 1 :]
        elif kind == "swap":
            other = what % (len(content) + 1)
            low, high = sorted((place, other))
            content = content[:low] + content[high : high + 20] + content[low:high] + content[high + 20 :]
        elif kind == "cut":
            content = content[:place]
        elif kind == "number":
            digit = next((i for i in range(place, len(content)) if content[i : i + 1].isdigit()), place)
            content = (
                content[:digit]
                + [b"-1", b"0", b"1e30", b"4294967296", b"0.5", b"9" * 30][what % 6]
                + content[digit + 1 :]
            )
    return content


def drain(rows: Any) -> None:
    """Read all of what is read as it is needed."""
    for _ in rows if isinstance(rows, Iterator) else ():
        pass


def _ignore(error: UserError) -> None:
    """A fault that is named, and passed over."""


def targets(folder: Path) -> dict[str, tuple[Reader, list[tuple[str, bytes]]]]:
    """What reads files, and by name some good files for it."""
    return {**_readers(), **_parts(), "folder": (_load(folder), _whole())}


def _readers() -> dict[str, tuple[Reader, list[tuple[str, bytes]]]]:
    from grunlp.data.file_check import check_file, has_frames
    from grunlp.data.file_layout import FileLayout
    from grunlp.data.pretrained_vectors import read_vector_vocabulary
    from grunlp.data.readers import read
    from grunlp.data.readers.labeled import detect_layout, read_labeled_texts
    from grunlp.data.readers.parallel import detect_pair_layout, read_parallel, read_sources
    from grunlp.data.readers.tagged import detect_tag_layout, read_tagged
    from grunlp.data.timeseries.layout import DETECT_ALL
    from grunlp.data.timeseries.reader import SeriesColumns, read_time_series
    from grunlp.data.validation import inspect_file
    from grunlp.tasks.classification.array_reader import read_arrays

    columns = SeriesColumns(None, None, (), (), True)
    frames = [("a", text.encode()) for text in FRAMES]
    return {
        "frames": (lambda path: drain(read(path)), [one for one in frames if b'"index": 1}]}' not in one[1]]),
        "lenient": (lambda path: drain(read(path, on_error=_ignore, require_roles=False)), frames),
        "compressed": (
            lambda path: drain(read(path, on_error=_ignore, require_roles=False)),
            [("a", squeeze(content)) for squeeze in (gzip.compress, lzma.compress) for _, content in frames],
        ),
        "tagged": (
            lambda path: read_tagged(path, detect_tag_layout(path, FileLayout())),
            [("a", text.encode()) for text in TAGGED],
        ),
        "pairs": (
            lambda path: drain(read_parallel(str(path), None, detect_pair_layout(str(path), None, FileLayout()))),
            [("a", t.encode()) for t in PAIRS],
        ),
        "sources": (lambda path: drain(read_sources(str(path), None, _ignore)), [("a", t.encode()) for t in PAIRS]),
        "classified": (
            lambda path: drain(read_labeled_texts(str(path), detect_layout(str(path), FileLayout()), _ignore)),
            [(n, t.encode()) for n, t in CLASSIFIED],
        ),
        "checked": (
            lambda path: inspect_file("a", path) if has_frames(path) else check_file("a", path),
            [("a", text.encode()) for text in (*FRAMES, *TAGGED, *PAIRS, *UNNAMED_PAIRS)]
            + [(n, t.encode()) for n, t in CLASSIFIED]
            + _series()
            + [("a.csv", text.encode()) for text in UNREADABLE_SERIES],
        ),
        "arrays": (lambda path: drain(read_arrays(str(path), None, None)), _arrays()),
        "series": (lambda path: read_time_series(path, columns, DETECT_ALL, None, None), _series()),
        "vectors": (lambda path: read_vector_vocabulary(str(path), 100), [("a", b"the 0.1 0.2 0.3\nof 1 2 3\n")]),
    }


def _parts() -> dict[str, tuple[Reader, list[tuple[str, bytes]]]]:
    from grunlp.data.encoder_files import load_encoder_config
    from grunlp.data.subword_tokenizer import TextTokenizer
    from grunlp.data.vocabulary import Vocabulary
    from grunlp.runs.weights import load_tensors
    from grunlp.tasks.config import load_config
    from grunlp.tasks.forecasting.scaler import Standardizer
    from grunlp.utils.safe_load import read_json

    def files(name: str) -> list[tuple[str, bytes]]:
        return [(path.name, path.read_bytes()) for path in sorted(FORMATS.glob(f"*/{name}"))]

    def encoder(path: Path) -> None:
        (path.parent / "tokenizer.json").write_text("{}")
        load_encoder_config(path.parent)

    small = [(name, content) for name, content in files("vocabulary.json") if len(content) < 10_000]
    return {
        "config": (load_config, files("config.yaml")),
        "vocabulary": (Vocabulary.load, small),
        "tokenizer": (TextTokenizer.load, files("*tokenizer.json")),
        "scaling": (Standardizer.load, files("scaling.json")),
        "json": (read_json, files("classes.json") + files("scaling.json")),
        "weights": (
            load_tensors,
            [(name, content) for name, content in files("*.safetensors") if len(content) < 20_000],
        ),
        "encoder": (encoder, [(f"encoder/{name}", content) for name, content in files("encoder/config.json")]),
    }


def _whole() -> list[tuple[str, bytes]]:
    """The files of small runs, by their path."""
    kinds = ("tag", "encoder", "classify", "measured", "translate", "lm", "forecast")
    files = [path for kind in kinds for path in sorted((FORMATS / kind).rglob("*")) if path.is_file()]
    return [(str(path.relative_to(FORMATS)), path.read_bytes()) for path in files]


def _load(folder: Path) -> Reader:
    from grunlp.tasks import task_of

    shutil.copytree(FORMATS, folder / "runs")

    def load(path: Path) -> None:
        """A run of which one file is changed."""
        name = path.relative_to(folder)
        file = folder / "runs" / name
        good = file.read_bytes()
        file.write_bytes(path.read_bytes())
        try:
            run = folder / "runs" / name.parts[0]
            task_of(run).load_trained(run)
        finally:
            file.write_bytes(good)

    return load


# ruff: noqa: E501
FRAMES = [
    '{"id": "1", "words": ["Anna", "called", "."], "frames": [{"index": 1, "roleset": "call.02", "tags": ["B-ARG0", "B-V", "O"]}]}\n'
    * 2,
    '{"words": ["Anna", "called", "."], "tags": ["B-ARG0", "B-V", "O"], "predicate_index": 1}\n',
    '{"words": ["Anna", "called"], "frames": [{"index": 1}]}\n',
    "1 Anna called . ||| B-ARG0 B-V O\n",
    "1\tAnna\tNNP\t_\t_\t(ARG0*)\n2\tcalled\tVBD\tcall\tcall.02\t(V*)\n3\t.\t.\t_\t_\t*\n\n",
    "#begin document (a); part 000\na 0 0 Anna NNP * - - - - * (ARG0*) -\na 0 1 called VBD * call 02 - - * (V*) -\n\n#end document\n",
    "1\tAnna\tAnna\tPROPN\tNNP\t_\t2\tnsubj\t_\t_\t_\tARG0\n2\tcalled\tcall\tVERB\tVBD\t_\t0\troot\t_\t_\tcall.02\tV\n\n",
    "Anna NNP * - (A0*)\ncalled VBD * call (V*)\n. . * - *\n\n",
]
TAGGED = [
    "Anna B-PER\ncalled O\n. O\n\nAda B-PER\n",
    "-DOCSTART- O\n\nU.N. NNP I-NP I-ORG\nofficial NN I-NP O\n",
    "1\tAnna\tAnna\tPROPN\tNNP\t_\t2\tnsubj\t_\t_\n\n",
    '{"tokens": ["Anna", "called"], "ner_tags": ["B-PER", "O"]}\n',
    "Anna PER-B\nBerg PER-I\ncalled 0\n",
    '[{"words": ["Anna"], "tags": ["PER"]},\n{"words": ["a"], "tags": ["O"]}]\n',
]
PAIRS = [
    "ein Haus\ta house\nzwei\ttwo\n",
    '{"source": "a", "target": ["b", "c"], "id": 3}\n{"source": "d", "target": "e"}\n',
    'source\ttarget\n"a ""b"""\tc\n',
    '{\n"source": "a",\n"target": "b"\n}\n{\n"source": "c",\n"target": "d"\n}\n',
    "id\ten-US\tde-DE\n1\tgo on\tgeh los\n",
]
UNNAMED_PAIRS = [  # read only where options name their sides
    '[\n  {\n    "en": "a",\n    "de": "b"\n  }\n]\n',
    '{"translation": {"en": "a", "de": "b"}}\n',
    "Go on.\tGeh los.\tCC-BY 1\nHi you.\tHallo du.\tCC-BY 2\n",
]
CLASSIFIED = [
    ("a.csv", 'text,label\n"good, very",1\nbad,0\n'),
    ("a.tsv", "good\t1\nbad\t0\n"),
    ("b.csv", "review;sentiment\ngood, very;1\nbad;0\n"),
    ("b.tsv", 'label\ttext\n1\t"so ""good"""\n0\tbad\n'),
    ("a.json", '[{"text": "good", "label": 1},\n{"text": "bad", "label": "no"}]\n'),
    ("c.csv", 'Review Text,Overall Rating\n1, "good, very"\n,\n'),
    ("c.txt", "good film;pos\nbad film;neg\n"),
    ("d.txt", "__label__pos good film\n__label__neg bad\n"),
    ("b.json", '[\n  {\n    "text": "good",\n    "label": 1\n  }\n]\n'),
    ("b.jsonl", '{"text": "good", "spans": [{"start": 0, "end": 4, "label": "X"}]}\n'),
    ("a.jsonl", '{"text": "good", "label": 1}\n{"text": "bad", "label": "no"}\n'),
]


def _arrays() -> list[tuple[str, bytes]]:
    found = []
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=np.ones((2, 3, 1), dtype=np.float32), y=np.array([0, 1]), lengths=np.array([3, 2]))
        found.append(("a.npz", file.getvalue()))
    file = io.BytesIO()
    pd.DataFrame({"values": [[1.0, 2.0], [3.0]], "label": ["a", "b"]}).to_parquet(file)
    return [*found, ("a.parquet", file.getvalue())]


UNREADABLE_SERIES = [
    "date,hour,y\n" + "".join(f"2020-01-0{1 + i // 24},{i % 24},{i}\n" for i in range(48)),
    "year,month,y\n" + "".join(f"{2010 + i // 12},{1 + i % 12},{i}\n" for i in range(30)),
    "date,y\n" + "".join(f"2020-01-0{i},{i}.5 kWh\n" for i in range(1, 9)),
    "date,y\n" + "".join(f"week #{i},{i}\n" for i in range(1, 9)),
]


def _series() -> list[tuple[str, bytes]]:
    times = pd.date_range("2020-01-01", periods=6, freq="h")
    frame = pd.DataFrame({"time": times, "shop": list("aaabbb"), "units": range(6)})
    file = io.BytesIO()
    frame.to_parquet(file)
    csv = frame[["time", "units"]].to_csv(index=False).encode()
    days = "".join(f"{time:%d/%m/%Y};1.{i}00,5 €\n" for i, time in enumerate(pd.date_range("2020-01-10", periods=6)))
    zoned = "".join(f"{time.isoformat()},{i}\n" for i, time in enumerate(times.tz_localize("Europe/Madrid")))
    months = "".join(f"{time:%b-%y},{i}\n" for i, time in enumerate(pd.date_range("2020-01-01", periods=6, freq="MS")))
    marked = b"date;y;store\n" + b"".join(
        b"2020-01-%02d;%d,5;007\n2020-01-%02d;-;007\n" % (i, i, i + 1) for i in (1, 3)
    )
    named = "".join(f"{time:%Y-%m-%d %H:%M:%S} UTC,{i}\n" for i, time in enumerate(times))
    quarters = "".join(f"Q{i % 4 + 1}/{2010 + i // 4},{i}\n" for i in range(8))
    records = "".join(f'{{"date": "2020-01-0{i}", "y": {i}.5, "z": null}}\n' for i in range(1, 6)).encode()
    return [
        ("marked.csv", marked),
        ("named.csv", f"time,y\n{named}".encode()),
        ("quarters.csv", f"quarter,y\n{quarters}".encode("utf-16")),
        ("midnights.csv", b"date,y\n" + b"".join(b"1%d.01.2020 24:00,%d\n" % (i, i) for i in range(1, 7))),
        ("counts.csv", b"date;y\n" + b"".join(b"%d,5;%d\n" % (45000 + i, i) for i in range(6))),
        ("records.jsonl", records),
        ("records.json", b"[" + records.strip().replace(b"\n", b",\n") + b"]"),
        ("packed.csv", lzma.compress(csv)),
        ("a.csv", csv),
        ("b.csv", csv.replace(b",", b";")),
        ("days.csv", f"date;y\n{days}".encode()),
        ("zoned.csv", f"date,y\n{zoned}".encode()),
        ("months.csv", f"date,y\n{months}".encode()),
        ("a.parquet", file.getvalue()),
    ]


def fuzz(folder: Path, read: Reader, good: list[tuple[str, bytes]], count: int, number: int) -> dict[str, Any]:
    """Feed `count` inputs to a reader. Raises whatever it raises that it should not."""
    for file, content in good:  # what is imported on the way is not counted
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
        read(folder / file)  # without changes it is good
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MOST_MEMORY, resource.RLIM_INFINITY))
    slowest, inputs = 0.0, 0

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(good), _CHANGES)
    def one(file: tuple[str, bytes], changes: list[tuple[str, int, int]]) -> None:
        nonlocal slowest, inputs
        content = change(file[1], changes)
        taken = _feed(read, folder / file[0], content)
        if taken > SLOWEST:  # another process may have had the core
            taken = min(taken, _feed(read, folder / file[0], content))
        slowest, inputs = max(slowest, taken), inputs + 1
        assert taken < SLOWEST, f"{taken} seconds for {content[:2000]!r}"

    try:
        one()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10
    return {"inputs": inputs, "slowest": round(slowest, 3), "MiB": round(grown)}


def _feed(read: Reader, path: Path, content: bytes) -> float:
    """Seconds of processor time that a reader takes for a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    started = time.process_time()
    try:
        read(path)
    except UserError:
        pass
    except BaseException as error:
        error.add_note(f"{path.name}: {content[:3000]!r}")
        raise
    return time.process_time() - started


def main(count: int, number: int, names: list[str]) -> int:
    """Feed `count` inputs to each target; the status is 1 where one failed."""
    logging.disable()
    folder = Path(tempfile.mkdtemp(prefix="grunlp-fuzzing-"))
    found, status = targets(folder), 0
    for name in names or found:
        try:
            print(json.dumps({"target": name, **fuzz(folder, *found[name], count, number)}), flush=True)
        except BaseException as error:
            status = 1
            notes = [note for note in getattr(error, "__notes__", ()) if "hypothesis" not in note]
            print(json.dumps({"target": name, "error": f"{type(error).__name__}: {error}", "notes": notes}), flush=True)
            traceback.print_exc()
    shutil.rmtree(folder)
    return status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
