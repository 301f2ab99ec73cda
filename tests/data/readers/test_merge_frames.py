import pytest

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.readers.merge_frames import frame_from_tags, merge_frames_of_same_sentence


def test_the_predicate_is_found_by_its_v():
    assert frame_from_tags(["B-ARG0", "B-V"], 2) == Frame(index=1, lemma="", roleset="", tags=["B-ARG0", "B-V"])
    assert frame_from_tags(["O", "O"], 2) is None


def test_illegal_tags_and_a_missing_v_are_let_through():
    assert frame_from_tags(["I-ARG0", "O"], 2, index=1)["tags"] == ["I-ARG0", "O"]


@pytest.mark.parametrize(
    ("tags", "index", "message"),
    [
        (["O"], None, "1 tags for 2 words"),
        (["O", "ARG0"], None, "'ARG0' is not a BIO tag"),
        (["B-V", "B-V"], None, "two predicates in one tag sequence: B-V at words 0 and 1"),
        (["O", "O"], 2, "predicate index 2 is outside"),
        (["O", "O"], -1, "predicate index -1 is outside"),
        (["B-V", "O"], 1, "predicate index 1, but B-V at word 0"),
    ],
)
def test_faults(tags, index, message):
    with pytest.raises(ValueError, match=message):
        frame_from_tags(tags, 2, index)


def example(words, *indices, id=""):
    frames = [Frame(index=i, lemma="", roleset="", tags=["O"] * len(words)) for i in indices]
    return SRLExample(id=id, document="", words=list(words), pos=[], frames=frames)


@pytest.mark.parametrize(
    ("flat", "merged"),
    [
        ([example("ab", 1), example("ab", 0)], [(1, example("ab", 0, 1))]),
        ([example("ab", 0), example("ab", 0)], [(1, example("ab", 0)), (2, example("ab", 0))]),
        ([example("ab", 0), example("ac", 1)], [(1, example("ab", 0)), (2, example("ac", 1))]),
        ([example("ab", 0, id="x"), example("ab", 1)], [(1, example("ab", 0, id="x")), (2, example("ab", 1))]),
        ([example("ab"), example("ab")], [(1, example("ab")), (2, example("ab"))]),
        ([], []),
    ],
)  # fmt: skip
def test_merge(flat, merged):
    assert list(merge_frames_of_same_sentence(iter(enumerate(flat, start=1)))) == merged
