import json

import pytest

from grunlp.data.readers import detect_format, read
from grunlp.utils.errors import DataError


def test_everything_a_sentence_says(samples, write):
    one, other = read(write(samples["json-lines"]))
    assert (one["id"], one["document"], one["pos"]) == ("letters-0001-01", "letters/0001", [])
    assert [(frame["lemma"], frame["roleset"]) for frame in one["frames"]] == [("forget", "forget.01"), ("", "")]
    assert (other["id"], other["frames"]) == ("", [])


def test_frames_are_put_in_order(write):
    frames = [{"index": 1, "tags": ["O", "B-V"]}, {"index": 0, "tags": ["B-V", "O"]}]
    (example,) = read(write(json.dumps({"words": ["Go", "run"], "frames": frames})))
    assert [frame["index"] for frame in example["frames"]] == [0, 1]


def test_equal_sentences_with_frames_are_not_joined(write):
    lines = [json.dumps({"words": ["Go", "run"], "frames": [{"tags": tags}]}) for tags in (["B-V", "O"], ["O", "B-V"])]
    assert len(list(read(write("\n".join(lines))))) == 2


@pytest.mark.parametrize("key", ["predicate_index", "verb_index", "index"])
def test_flat_records(key, write):
    (example,) = read(write(json.dumps({"id": 7, "words": ["Go", "home"], "tags": ["O", "O"], key: 0})))
    assert (example["id"], example["frames"][0]["index"]) == ("7", 0)


def frames(*of_sentence):
    return json.dumps({"words": ["Anna", "slept"], "frames": list(of_sentence)})


GOOD = {"index": 1, "tags": ["O", "B-V"]}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"words": ["a"', "not JSON: Expecting ',' delimiter at position 15"),
        ("[1]", "a JSON list, not an object"),
        ("{}", "tokens is missing"),
        ('{"words": "a b"}', "words is not a list of strings"),
        ('{"words": ["a", 1]}', "words is not a list of strings"),
        ('{"words": ["a", ""]}', "there is an empty word"),
        ('{"words": ["a"], "pos": ["X", "Y"]}', "2 pos for 1 words"),
        ('{"words": ["a"], "id": [1]}', "id is not a string"),
        ('{"words": ["a"], "frames": {}}', "frames is not a list"),
        (frames("x"), "a frame is not an object"),
        (frames({"index": 1}), "tags is missing"),
        (frames({"index": 1, "tags": ["O"]}), "1 tags for 2 words"),
        (frames({"index": 1, "tags": ["O", "V"]}), "'V' is not a BIO tag: expected O, B-LABEL or I-LABEL"),
        (frames({"index": True, "tags": ["O", "O"]}), "predicate index True is not an integer"),
        (frames({"tags": ["O", "O"]}), "a frame has neither index nor B-V"),
        (frames(GOOD, GOOD), "two frames claim word 1 (counted from 0)"),
    ],
)
def test_faults(line, problem, samples, fault):
    assert fault(samples["json-lines"] + line + "\n") == (3, problem)


@pytest.mark.parametrize("line", ["[" * 100000, "1" * 5000, '{"words": ["\\ud800"]}'])
def test_what_json_itself_cannot_bear(line, samples, fault):
    assert fault(samples["json-lines"] + line + "\n")[0] == 3


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"words": ["a"], "tags": []}', "0 tags for 1 words"),
        ('{"words": ["a"], "tags": ["O"], "index": "0"}', "predicate index '0' is not an integer"),
        ('{"words": ["a"]}', "tags is missing"),
    ],
)
def test_flat_faults(line, problem, samples, fault):
    assert fault(samples["json-flat"] + line + "\n") == (4, problem)


def test_predicates_alone(write):
    path = write('{"words": ["Anna", "called"], "frames": [{"index": 1, "roleset": "call.02"}]}\n{"words": []}\n')
    assert detect_format(path) == "json-predicates"
    with pytest.raises(DataError, match="no roles"):
        list(read(path))
    first, empty = read(path, require_roles=False)
    assert first["frames"] == [{"index": 1, "lemma": "", "roleset": "call.02", "tags": ["O", "B-V"]}]
    assert empty["words"] == []


@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        ('{"index": 2}', "is not among the words of the 2"),
        ('{"index": true}', "is not among the words of the 2"),
        ('{"roleset": "x"}', "is not among the words of the 2"),
        ('{"index": 0, "tags": ["B-V", "O"]}', "a frame with tags among frames without"),
    ],
)
def test_faulty_predicates(write, frame, wrong):
    path = write('{"words": ["a", "b"], "frames": [{"index": 1}, ' + frame + "]}\n")
    with pytest.raises(DataError, match=wrong):
        list(read(path, require_roles=False))
