from pathlib import Path

import pytest

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.vocabulary import StringIndex, Vocabulary
from grunlp.utils.errors import DataError
from tests.random_srl_corpus import vocabulary_of


def example(text: str, tags: str = "", pos: str = "") -> SRLExample:
    frames = []
    if tags:
        frames = [Frame(index=tags.split().index("B-V"), lemma="see", roleset="see.01", tags=tags.split())]
    return SRLExample(id="", document="", words=text.split(), pos=pos.split(), frames=frames)


CORPUS = [
    example("The cat saw the Dog", "B-ARG0 I-ARG0 B-V B-ARG1 I-ARG1", "DT NN VBD DT NN"),
    example("A saw", pos="DT _"),
    example("the end"),
]


def test_counts() -> None:
    v = vocabulary_of(CORPUS, 2)
    assert v.words.items == ["<pad>", "<unk>", "the", "saw"]
    assert v.word_counts == [0, 0, 3, 2]
    assert v.words["cat"] == v.words["zebra"] == 1
    assert v.tags.items == ["O", "B-ARG0", "B-ARG1", "B-V", "I-ARG0", "I-ARG1", "I-V"]
    assert v.pos.items == ["<pad>", "DT", "NN", "VBD"]
    assert v.characters["D"] != v.characters["d"] and v.characters["é"] == 1
    assert v.rolesets.lemmas == {"saw": ["see"]} and v.rolesets.rolesets == {"see": {"see.01": 1}}


def test_words_with_vectors_are_kept() -> None:
    v = Vocabulary.build(CORPUS, 2, ["zebra", "cat", "<unk>", "<pad>"], {})
    assert v.words["cat"] > 1 and v.words["zebra"] > 1
    assert v.word_counts[v.words["zebra"]] == 0


def test_no_pos_and_no_rolesets() -> None:
    v = vocabulary_of([example("saw saw saw")])
    assert v.pos.items == ["<pad>"] and len(v.rolesets) == 1


def test_more_comes_behind_and_counts_are_added() -> None:
    new = example("the cats saw Dog", "O B-ARG9 B-V O", "DT NNS VBD NN")
    new["frames"][0] |= {"roleset": "see.02"}
    old, v = vocabulary_of(CORPUS), vocabulary_of(CORPUS).extended_with(vocabulary_of([new]))
    assert v.words.items == [*old.words.items, "cats"] and v.word_counts[v.words["saw"]] == 3
    assert v.tags.items == [f"{b}-{n}" if b != "O" else b for b, n in
                            [("O", ""), *((b, n) for b in "BI" for n in ("ARG0", "ARG1", "V", "ARG9"))]]  # fmt: skip
    assert v.pos.items == ["<pad>", "DT", "NN", "VBD", "NNS"] and v.characters.items == old.characters.items
    assert v.rolesets.rolesets == {"see": {"see.01": 1, "see.02": 1}}


def test_save_and_load(tmp_path: Path) -> None:
    v = vocabulary_of(CORPUS)
    v.save(tmp_path / "v.json")
    again = Vocabulary.load(tmp_path / "v.json")
    for name in ("words", "characters", "tags", "pos"):
        assert getattr(again, name).items == getattr(v, name).items
        assert getattr(again, name).unknown_id == getattr(v, name).unknown_id
    assert again.word_counts == v.word_counts and again.rolesets == v.rolesets


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"words": 3}', '{"words": {}, "characters": 1}'])
def test_broken_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"vocabulary\.json: (not a vocabulary|not a JSON)"):
        Vocabulary.load(path)


def test_table_without_unknown() -> None:
    with pytest.raises(KeyError):
        StringIndex(["a"], unknown_id=None)["b"]
    with pytest.raises(ValueError, match="twice"):
        StringIndex(["a", "a"], unknown_id=None)
