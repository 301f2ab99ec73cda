"""Columns by number or name, any separator, documents, comments; CoNLL-U; JSON lines; and faults with their lines."""

import json
from pathlib import Path

import pytest

from grunlp.tasks.tagging.reader import read_tagged
from grunlp.utils.errors import DataError

CONLL2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP I-ORG
rejects VBZ B-VP O
# NN B-NP O

Peter NNP B-NP I-PER

-DOCSTART- -X- -X- O

Bonn NNP B-NP I-LOC
Rome NNP B-NP B-LOC
"""
CONLLU = """# newdoc id = a
# sent_id = 1
1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tdo\tdo\tAUX\tVBP\t_\t0\troot\t_\t_
2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_
2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "data.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_conll_2003(tmp_path: Path) -> None:
    examples = read_tagged(write(tmp_path, CONLL2003))
    assert [example["words"] for example in examples] == [["EU", "rejects", "#"], ["Peter"], ["Bonn", "Rome"]]
    assert [example["tags"] for example in examples] == [["B-ORG", "O", "O"], ["B-PER"], ["B-LOC", "B-LOC"]]
    assert [example["document"] for example in examples] == ["document-1", "document-1", "document-2"]
    assert [example["tags"] for example in read_tagged(write(tmp_path, CONLL2003), tags="1")][1] == ["NNP"]


def test_conllu_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, CONLLU)
    (example,) = read_tagged(path)
    assert (example["words"], example["tags"]) == (["do", "n't"], ["AUX", "PART"])
    assert read_tagged(path, words="lemma", tags="XPOS")[0]["words"] == ["do", "not"]
    with pytest.raises(DataError, match="did you mean UPOS"):
        read_tagged(path, tags="UPOZ")


@pytest.mark.parametrize("separator", ["\t", " ", "   "])
def test_a_header_names_columns(tmp_path: Path, separator: str) -> None:
    rows = [["token", "pos", "entity"], ["Anna", "NN", "S-PER"], ["#1", "NN", "O"], []]
    path = write(tmp_path, "\n".join(separator.join(row) for row in rows))
    (example,) = read_tagged(path, words="token", tags="entity")
    assert (example["words"], example["tags"]) == (["Anna", "#1"], ["B-PER", "O"])


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"tokens": ["in", "Rome"], "ner_tags": ["O", "U-LOC"], "document": "d"}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)))
    (example,) = read_tagged(path)
    assert (example["words"], example["tags"], example["document"]) == (["in", "Rome"], ["O", "B-LOC"], "d")


def test_words_that_look_like_something_else(tmp_path: Path) -> None:
    (example,) = read_tagged(write(tmp_path, "#a=b\tO\n# x =\tO\n{\tO\n"))
    assert example["words"] == ["#a=b", "# x =", "{"], "between tabs"
    (example,) = read_tagged(write(tmp_path, "{ O\n# O\n"))
    assert example["words"] == ["{", "#"]
    rows = ['{"words": [], "tags": []}', '{"words": ["a"], "pos_tags": ["X"], "tags": ["O"]}']
    assert [example["tags"] for example in read_tagged(write(tmp_path, "\n".join(rows)))] == [["O"]]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a\tO\nb O\n", {}, "2: 1 cells; line 1 has 2, between tabs"),
        ("a O\n", {"tags": "5"}, "no column 5; line 1 has 2 columns"),
        ("a\tO\n\tO\n", {}, "2: an empty cell"),
        ("# only a comment\n", {}, "has no sentences"),
        ('{"words": ["a"], "tags": ["O", "O"]}\n', {}, "1: 2 tags; there are 1 words"),
        ('{"words": ["a"], "tags": [1]}\n', {}, "1: not a list of strings"),
        ('{"words": ["a"]}\n', {}, "no key 'tags'; its keys: words"),
        ('{"words": ["a"], "tags": ["O"]}\n[]\n', {}, "2: not a JSON object"),
        ('{"words": ["a"], \n', {}, "1: not JSON"),
        ('{"words": ["a"], "pos_tags": ["O"], "ner_tags": ["O"]}\n', {}, "several keys of tags; pos_tags, ner_tags"),
        ("a\nb\n", {}, "1: words and tags are the same column"),
        ("word ner\na O\nb B-X\n", {}, "sentence 1: 'word' has the tag 'ner'; the others are O"),
        ("a O\nb B-X\n\nc B\n", {}, "sentence 2: 'c' has the tag 'B'"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, columns: dict[str, str], message: str) -> None:
    with pytest.raises(DataError) as error:
        read_tagged(write(tmp_path, text), **columns)
    assert message in str(error.value).replace("\n", "; ")


def test_deep_json(tmp_path: Path) -> None:
    path = write(tmp_path, '{"tokens": ' + "[" * 100_000)
    with pytest.raises(DataError, match="not JSON"):
        read_tagged(path)
