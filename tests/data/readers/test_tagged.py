"""Columns by number or name, any separator, documents, comments; CoNLL-U; JSON lines; and faults with their lines."""

import json
from pathlib import Path

import pytest

from grunlp.data.examples import TaggedSentence
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.tagged import detect_tag_layout, layout_for_prediction, read_tagged, read_words
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


def read_file(path: Path, words: str | None = None, tags: str | None = None) -> list[TaggedSentence]:
    """The sentences of a file whose layout is settled by these columns."""
    return read_tagged(path, detect_tag_layout(path, FileLayout(columns={"words": words, "tags": tags})))


def write(folder: Path, text: str) -> Path:
    path = folder / "data.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_conll_2003(tmp_path: Path) -> None:
    examples = read_file(write(tmp_path, CONLL2003))
    assert [example["words"] for example in examples] == [["EU", "rejects", "#"], ["Peter"], ["Bonn", "Rome"]]
    assert [example["tags"] for example in examples] == [["B-ORG", "O", "O"], ["B-PER"], ["B-LOC", "B-LOC"]]
    assert [example["document"] for example in examples] == ["document-1", "document-1", "document-2"]
    assert [example["tags"] for example in read_file(write(tmp_path, CONLL2003), tags="1")][1] == ["NNP"]


def test_conllu_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, CONLLU)
    (example,) = read_file(path)
    assert (example["words"], example["tags"]) == (["do", "n't"], ["AUX", "PART"])
    assert read_file(path, words="lemma", tags="XPOS")[0]["words"] == ["do", "not"]
    with pytest.raises(DataError, match="did you mean UPOS"):
        read_file(path, tags="UPOZ")


@pytest.mark.parametrize("separator", ["\t", " ", "   "])
def test_a_header_names_columns(tmp_path: Path, separator: str) -> None:
    rows = [["token", "pos", "entity"], ["Anna", "NN", "S-PER"], ["#1", "NN", "O"], []]
    path = write(tmp_path, "\n".join(separator.join(row) for row in rows))
    (example,) = read_file(path, words="token", tags="entity")
    assert (example["words"], example["tags"]) == (["Anna", "#1"], ["B-PER", "O"])


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"tokens": ["in", "Rome"], "ner_tags": ["O", "U-LOC"], "document": "d"}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)))
    (example,) = read_file(path)
    assert (example["words"], example["tags"], example["document"]) == (["in", "Rome"], ["O", "B-LOC"], "d")


def test_words_that_look_like_something_else(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path, "#a=b\tO\n# x =\tO\n{\tO\n"))
    assert example["words"] == ["#a=b", "# x =", "{"], "between tabs"
    (example,) = read_file(write(tmp_path, "{ O\n# O\n"))
    assert example["words"] == ["{", "#"]
    rows = ['{"words": [], "tags": []}', '{"words": ["a"], "pos_tags": ["X"], "tags": ["O"]}']
    assert [example["tags"] for example in read_file(write(tmp_path, "\n".join(rows)))] == [["O"]]


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
        ("bird hen\na O\nb B-X\n", {}, "sentence 1: 'bird' has the tag 'hen'; the others are O"),
        ("a O\nb B-X\n\nc B\n", {}, "sentence 2: 'c' has the tag 'B'"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, columns: dict[str, str], message: str) -> None:
    with pytest.raises(DataError) as error:
        read_file(write(tmp_path, text), **columns)
    assert message in str(error.value).replace("\n", "; ")


def test_deep_json(tmp_path: Path) -> None:
    path = write(tmp_path, '{"tokens": ' + "[" * 100_000)
    with pytest.raises(DataError, match="not JSON"):
        read_file(path)


@pytest.mark.parametrize(
    ("first", "second", "other"),
    [
        ("PER-B", "PER-I", "O"),
        ("B_PER", "I_PER", "O"),
        ("B:PER", "I:PER", "O"),
        ("b-PER", "i-PER", "O"),
        ("B-PER", "I-PER", "0"),
        ("B-PER", "E-PER", "o"),
        ("B-PER", "M-PER", "O"),
        ("PER_b", "PER_e", "O"),
    ],
)
def test_other_spellings_of_span_tags(tmp_path: Path, first: str, second: str, other: str) -> None:
    path = write(tmp_path, f"Anna {first}\nBerg {second}\nsings {other}\n")
    (example,) = read_file(path)
    assert example["tags"] == ["B-PER", "I-PER", "O"]
    described = detect_tag_layout(path, FileLayout()).describe()
    assert (first[-1] not in "BE" and second == "I-PER" and other == "O") or "tags like" in described or "M" in second


def test_bmewo(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path, "Bonn W-LOC\nis O\nAnna B-PER\nvon M-PER\nBerg E-PER\n"))
    assert example["tags"] == ["B-LOC", "O", "B-PER", "I-PER", "I-PER"]


def test_plain_tags_stay(tmp_path: Path) -> None:
    text = "a B_X\nb I_X\n"
    assert read_file(write(tmp_path, text))[0]["tags"] == ["B_X", "I_X"], "no word is outside of spans"
    assert detect_tag_layout(write(tmp_path, "a NN\nb VB\n"), FileLayout()).guesses == ()


def test_bare_tags_that_could_be_spans(tmp_path: Path) -> None:
    path = write(tmp_path, "Anna PER\nBerg PER\nsees O\nBonn LOC\n")
    layout = detect_tag_layout(path, FileLayout())
    assert "data.tag_scheme=io" in layout.describe()
    assert read_tagged(path, layout)[0]["tags"] == ["PER", "PER", "O", "LOC"]
    layout = detect_tag_layout(path, FileLayout(tags="io"))
    assert read_tagged(path, layout)[0]["tags"] == ["B-PER", "I-PER", "O", "B-LOC"]


def test_a_header_of_known_names(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path, "token\tpos\tner\nAnna\tNN\tB-PER\n"))
    assert (example["words"], example["tags"]) == (["Anna"], ["B-PER"])


def test_a_json_array(tmp_path: Path) -> None:
    path = write(tmp_path, '[{"tokens": ["Anna"], "ner_tags": ["B-PER"]},\n{"tokens": ["a"], "ner_tags": ["O"]}]')
    assert [example["tags"] for example in read_file(path)] == [["B-PER"], ["O"]]


KNOWN = ["O", "B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def predicted_words(folder: Path, trained: str, new: str) -> list[list[str]] | None:
    """The words of a new file by the layout of a training file; None: it is read as another format."""
    layout = detect_tag_layout(write(folder, trained), FileLayout())
    path = folder / "new.txt"
    path.write_text(new)
    own = layout_for_prediction(path, layout, KNOWN)
    return own and [example["words"] for example in read_words(path, own)]


def test_words_are_read_as_in_the_training(tmp_path: Path) -> None:
    words = [["EU", "rejects", "#"], ["Peter"], ["Bonn", "Rome"]]
    assert predicted_words(tmp_path, CONLL2003, CONLL2003) == words
    without_tags = "\n".join(line.rpartition(" ")[0] for line in CONLL2003.split("\n"))
    assert predicted_words(tmp_path, CONLL2003, without_tags) == words
    assert predicted_words(tmp_path, CONLL2003, "EU\nrejects\n\nPeter\nsings\n") == [
        ["EU", "rejects"],
        ["Peter", "sings"],
    ]
    assert predicted_words(tmp_path, CONLL2003, "The EU rejects it.\nPeter sings.\n") is None, "running text"
    assert predicted_words(tmp_path, CONLL2003, "Peter sang old songs\n") is None, "as many words as columns"
    assert predicted_words(tmp_path, CONLLU, CONLLU) == [["do", "n't"]]
    assert predicted_words(tmp_path, '{"tokens": ["a"], "ner_tags": ["O"]}', '{"tokens": ["b", "c"]}') == [["b", "c"]]
    assert predicted_words(tmp_path, "a\tO\n", '{"words": ["b"]}') is None
