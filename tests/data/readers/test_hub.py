import json

import datasets
import pytest

from grunlp.data.readers.hub import read_hub_frames
from grunlp.utils.errors import DataError

TAGS = ["O", "B-V", "B-ARG0", "B-ARG1", "I-ARG1"]
ROWS = [
    {"tokens": ["Anna", "forgot", "to", "call"], "roles": ["B-ARG0", "B-V", "B-ARG1", "I-ARG1"], "verb": 1},
    {"tokens": ["Anna", "forgot", "to", "call"], "roles": ["O", "O", "O", "B-V"], "verb": 3},
    {"tokens": ["Go"], "roles": ["B-V"], "verb": 0},
]
EXPECTED = [(row["tokens"], row["verb"], row["roles"]) for row in ROWS]


@pytest.fixture(autouse=True)
def no_progress_bars():
    datasets.disable_progress_bars()


@pytest.fixture
def parquet(tmp_path):
    """ROWS with ClassLabel ids for roles."""
    features = datasets.Features(
        tokens=datasets.List(datasets.Value("string")),
        roles=datasets.List(datasets.ClassLabel(names=TAGS)),
        verb=datasets.Value("int64"),
    )
    path = tmp_path / "train.parquet"
    datasets.Dataset.from_list(ROWS, features=features).to_parquet(path)
    return path


@pytest.fixture
def write_json(tmp_path):
    def to_file(rows, name="train.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return to_file


def frames(examples):
    return [(example["words"], f["index"], f["tags"]) for example in examples for f in example["frames"]]


@pytest.mark.parametrize("predicate", ["verb", None])
@pytest.mark.parametrize("folder", [True, False])
def test_parquet_with_class_labels(predicate, folder, parquet):
    path = parquet.parent if folder else parquet
    examples = list(read_hub_frames(str(path), "train", None, None, "tokens", "roles", predicate))
    assert len(examples) == 2
    assert frames(examples) == EXPECTED


@pytest.mark.parametrize("name", ["train.json", "my.train.jsonl"])
def test_json_with_strings(name, write_json):
    assert frames(read_hub_frames(write_json(ROWS, name), "train", None, None, "tokens", "roles", "verb")) == EXPECTED


def test_predicate_as_marks(write_json):
    rows = [row | {"verb": [int(i == row["verb"]) for i in range(len(row["tokens"]))]} for row in ROWS]
    assert frames(read_hub_frames(write_json(rows), "train", None, None, "tokens", "roles", "verb")) == EXPECTED
    (example,) = read_hub_frames(
        write_json([ROWS[2] | {"roles": ["O"], "verb": [0]}]), "train", None, None, "tokens", "roles", "verb"
    )
    assert example["frames"] == []


def test_missing_column_names_the_nearest(write_json):
    with pytest.raises(DataError, match=r"(?s)no column 'token'.*columns: tokens, roles, verb.*did you mean tokens\?"):
        list(read_hub_frames(write_json(ROWS), "train", None, None, "token", "roles", None))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"roles": ["O"]}, "1 tags for 4 words"),
        ({"roles": [1, 0, 0, 0]}, "tag 1 is a number, but its column names 0 classes"),
        ({"roles": ["O", "V", "O", "O"]}, "'V' is not a BIO tag"),
        ({"roles": "O"}, "tags are not a list"),
        ({"tokens": "Go"}, "words are not a list"),
        ({"verb": 9}, "predicate index 9 is outside"),
        ({"verb": "1"}, "predicate '1' is neither an index nor a list"),
    ],
)
def test_faulty_row(row, problem, write_json):
    with pytest.raises(DataError, match=r"train\.jsonl \[train\]:1: " + problem):
        list(read_hub_frames(write_json([ROWS[0] | row]), "train", None, None, "tokens", "roles", "verb"))


def test_damaged_parquet(tmp_path):
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"bad\.parquet"):
        list(read_hub_frames(str(path), "train", None, None, "tokens", "roles", None))


def test_missing_split(parquet):
    with pytest.raises(DataError, match=r"(?s)split 'dev' cannot be loaded.*train"):
        read_hub_frames(str(parquet.parent), "dev", None, None, "tokens", "roles", None)


def test_missing_data_set(monkeypatch):
    def not_found(*_, **__):
        raise FileNotFoundError("Dataset 'no/such' doesn't exist on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", not_found)
    with pytest.raises(DataError, match=r"(?s)no/such: split 'train' cannot be loaded.*doesn't exist on the Hub"):
        read_hub_frames("no/such", "train", None, None, "tokens", "roles", None)
