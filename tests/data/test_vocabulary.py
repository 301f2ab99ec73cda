from pathlib import Path

import pytest

from grunlp.data.example import Example, Frame
from grunlp.data.vocabulary import Table, Vocabulary
from grunlp.errors import DataError


def example(text: str, tags: str = "", pos: str = "") -> Example:
    frames = []
    if tags:
        frames = [Frame(index=tags.split().index("B-V"), lemma="", roleset="", tags=tags.split())]
    return Example(id="", document="", words=text.split(), pos=pos.split(), frames=frames)


CORPUS = [
    example("The cat saw the Dog", "B-ARG0 I-ARG0 B-V B-ARG1 I-ARG1", "DT NN VBD DT NN"),
    example("A saw", pos="DT _"),
    example("the end"),
]


def test_counts() -> None:
    v = Vocabulary.count(CORPUS, min_count=2)
    assert v.words.items == ["<pad>", "<unk>", "the", "saw"]
    assert v.word_counts == [0, 0, 3, 2]
    assert v.words["cat"] == v.words["zebra"] == 1
    assert v.tags.items == ["O", "B-ARG0", "B-ARG1", "B-V", "I-ARG0", "I-ARG1", "I-V"]
    assert v.pos.items == ["<pad>", "DT", "NN", "VBD"]
    assert v.characters["D"] != v.characters["d"] and v.characters["é"] == 1
    assert v.predicates == {"saw"}, "a predicate in one of two occurrences"


def test_words_with_vectors_are_kept() -> None:
    v = Vocabulary.count(CORPUS, min_count=2, extra_words=["zebra", "cat", "<unk>", "<pad>"])
    assert v.words["cat"] > 1 and v.words["zebra"] > 1
    assert v.word_counts[v.words["zebra"]] == 0


def test_rare_predicates_and_no_pos() -> None:
    v = Vocabulary.count([example("saw saw saw"), example("saw it", "B-V O")], min_count=1)
    assert v.predicates == set()
    assert v.pos.items == ["<pad>"]


def test_save_and_load(tmp_path: Path) -> None:
    v = Vocabulary.count(CORPUS, min_count=1)
    v.save(tmp_path / "v.json")
    again = Vocabulary.load(tmp_path / "v.json")
    for name in ("words", "characters", "tags", "pos"):
        assert getattr(again, name).items == getattr(v, name).items
        assert getattr(again, name).unknown == getattr(v, name).unknown
    assert again.word_counts == v.word_counts and again.predicates == v.predicates


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"words": 3}', '{"words": {}, "characters": 1}'])
def test_broken_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"vocabulary\.json: no vocabulary"):
        Vocabulary.load(path)


def test_table_without_unknown() -> None:
    with pytest.raises(KeyError):
        Table(["a"], unknown=None)["b"]
    with pytest.raises(ValueError, match="twice"):
        Table(["a", "a"], unknown=None)
