import torch

from grunlp.data.collate import IGNORE_INDEX, SRLCollator
from grunlp.data.examples import Frame, SRLExample
from tests.random_srl_corpus import vocabulary_of

LONG = "x" * 20 + "y" * 20
EXAMPLES = [
    SRLExample(
        id="a",
        document="",
        words=["Cats", "see", LONG, "cats"],
        pos=["NNS", "VBP", "_", "NNS"],
        frames=[
            Frame(index=1, lemma="see", roleset="see.02", tags=["B-ARG0", "B-V", "B-ARG1", "O"]),
            Frame(index=3, lemma="", roleset="", tags=["O", "O", "O", "B-V"]),
        ],
    ),
    SRLExample(
        id="b", document="", words=["see"], pos=[], frames=[Frame(index=0, lemma="see", roleset="see.01", tags=["B-V"])]
    ),
]
VOCABULARY = vocabulary_of(EXAMPLES)


def test_encoding() -> None:
    batch = SRLCollator(VOCABULARY, None)(EXAMPLES)
    v = VOCABULARY
    assert batch.words.tolist() == [
        [v.words["cats"], v.words["see"], v.words[LONG], v.words["cats"]],
        [v.words["see"], 0, 0, 0],
    ]
    assert batch.lengths.tolist() == [4, 1]
    assert batch.sentence_index.tolist() == [0, 0, 1] and batch.predicate_index.tolist() == [1, 3, 0]
    assert batch.predicate_lengths.tolist() == [4, 4, 1] and batch.from_extra_corpus.tolist() == [False] * 3
    more = SRLCollator(VOCABULARY, None)([{**EXAMPLES[0], "from_extra_corpus": True}, EXAMPLES[1]])
    assert more.from_extra_corpus.tolist() == [True, True, False]
    assert batch.pos.tolist() == [[v.pos["NNS"], v.pos["VBP"], IGNORE_INDEX, v.pos["NNS"]], [IGNORE_INDEX] * 4]
    assert batch.is_predicate.tolist() == [[0, 1, 0, 1], [1, IGNORE_INDEX, IGNORE_INDEX, IGNORE_INDEX]]
    assert more.is_predicate.tolist()[0] == [IGNORE_INDEX] * 4, "of extra sentences not every predicate is known"
    assert batch.tags[2].tolist() == [v.tags["B-V"], IGNORE_INDEX, IGNORE_INDEX, IGNORE_INDEX]


def test_spellings_are_shared_and_case_counts() -> None:
    batch = SRLCollator(VOCABULARY, None)(EXAMPLES)
    index = batch.char_index
    assert index[0, 1] == index[1, 0] and index[0, 0] != index[0, 3]
    assert not batch.char_ids[0].any() and (index[1, 1:] == 0).all()
    spelled = "".join(VOCABULARY.characters.items[i] for i in batch.char_ids[index[0, 2]].tolist())
    assert spelled == "x" * 12 + "y" * 12, "the two ends of a long word"


def test_candidates_are_those_of_the_word() -> None:
    rolesets, batch = VOCABULARY.rolesets, SRLCollator(VOCABULARY, None)(EXAMPLES)
    assert batch.roleset.tolist() == [rolesets["see.02"], 0, rolesets["see.01"]]
    both = sorted([rolesets["see.01"], rolesets["see.02"]])
    assert [sorted(row) for row in batch.predicate_sense_candidates.tolist()] == [both, [0, 0], both]


def test_other_predicates_in_the_same_sentences() -> None:
    batch = SRLCollator(VOCABULARY, None)(EXAMPLES)
    other = batch.replace_predicates(torch.tensor([0, 1]), torch.tensor([2, 0]))
    assert other.words is batch.words and other.predicate_lengths.tolist() == [4, 1]
    assert (other.tags == IGNORE_INDEX).all() and other.tags.shape == (2, 4) and not other.roleset.any()


def test_unseen_tags_are_ignored() -> None:
    unseen: SRLExample = {**EXAMPLES[1], "frames": [Frame(index=0, lemma="", roleset="", tags=["B-NEW"])]}  # type: ignore[typeddict-item]
    assert SRLCollator(VOCABULARY, None)([unseen]).tags.tolist() == [[IGNORE_INDEX]]


def test_nothing() -> None:
    batch = SRLCollator(VOCABULARY, None)([])
    assert batch.words.shape == (0, 0) and batch.tags.shape == (0, 0)
    assert batch.to(torch.device("cpu")).lengths.tolist() == []
