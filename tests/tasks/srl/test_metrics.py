import pytest

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.propbank.rolesets import RolesetCounter
from grunlp.metrics.span_counts import SpanCounts
from grunlp.tasks.srl.metrics import SRLScores, score_files
from grunlp.utils.errors import UserError

GOLD = ["B-ARG0", "B-V", "B-ARG1", "I-ARG1"]
NEAR = ["B-ARG0", "B-V", "B-ARG1", "O"]


def frame(index: int, tags: list[str], roleset: str = "") -> Frame:
    return Frame(index=index, lemma=roleset.partition(".")[0], roleset=roleset, tags=tags)


def example(words: str, index: int, tags: list[str]) -> SRLExample:
    return SRLExample(id="", document="", words=words.split(), pos=[], frames=[frame(index, tags)])


def test_predicates_that_had_to_be_found() -> None:
    """By hand: gold gives 2 arguments each at tokens 1 and 3; found are 1, in the wrong sense, and 2."""
    gold = [frame(1, ["B-ARG0", "B-V", "B-ARG1", "O"], "see.01"), frame(3, ["B-ARG0", "O", "B-ARG1", "B-V"], "go.01")]
    found = [frame(1, ["B-ARG0", "B-V", "O", "B-ARG1"], "see.02"), frame(2, ["O", "B-ARG0", "B-V", "O"], "be.01")]
    scores = SRLScores()
    scores.add({**example("a b c d", 1, GOLD), "frames": gold}, None, found, None)
    assert scores.total("predicates").overall == SpanCounts(1, 1, 1)
    assert scores.total("found").overall == SpanCounts(1, 2, 3)
    assert scores.total("found-right-sense").overall == SpanCounts(0, 3, 4)
    found[0]["roleset"] = "see.01"
    again = SRLScores()
    again.add({**example("a b c d", 1, GOLD), "frames": gold}, None, found, None)
    assert again.total("found-right-sense") == again.total("found")
    bare = [frame(1, ["B-ARG0", "B-V", "O", "O"])]
    for one in (scores, again):  # a sentence whose gold names no roleset is right in every sense
        before = one.total("found-right-sense").overall.tp
        one.add({**example("a b c d", 1, GOLD), "frames": bare}, None, bare, None)
        assert one.total("found-right-sense").overall.tp == before + 1
    assert "srl-eval" not in again.as_dict() and "roles of predicates found" in again.report()


def test_senses_beside_the_most_frequent_ones() -> None:
    counter = RolesetCounter()
    for roleset in ("b.02", "b.02", "b.01"):
        counter.add("b", "b", roleset)
    rolesets = counter.build({})
    scores = SRLScores()
    for gold, guess in (("b.01", "b.01"), ("b.02", "b.01"), ("b.01", "b.03"), ("", "b.01")):
        one = {**example("a b c d", 1, GOLD), "frames": [frame(1, GOLD, gold)]}
        scores.add(one, [frame(1, GOLD, guess)], None, rolesets)  # type: ignore[arg-type]
    assert scores.total("senses").overall.f1 == pytest.approx(100 / 3), "the last has no gold roleset"
    assert scores.total("usual-senses").overall.f1 == pytest.approx(100 / 3)
    assert scores.total("senses").sequences == 3 and scores.examples[0].frequency == 3


def test_without_rolesets_nothing_is_said_of_senses() -> None:
    scores = SRLScores()
    for frames in ([], [frame(1, GOLD)]):
        scores.add({**example("a b c d", 1, GOLD), "frames": frames}, frames, [frame(2, NEAR[::-1])], None)  # type: ignore[arg-type]
    assert [name for name in scores.schemes() if "sense" in name] == [] and "sense" not in scores.report()


def test_three_countings_and_legality() -> None:
    scores = SRLScores()
    for document, tags in (("a", GOLD), ("b", ["I-ARG0", "B-V", "B-ARG1", "O"])):
        scores.add({**example("a b c d", 1, GOLD), "document": document}, [frame(1, tags)], None, None)
    result = scores.as_dict()
    assert result["srl-eval"]["f1"] == pytest.approx(75.0), "3 of 4 arguments; V apart; an I- opens a span"
    assert result["conlleval"]["f1"] == pytest.approx(100 * 5 / 6)
    assert result["seqeval"]["precision"] == pytest.approx(100 * 4 / 5), "strict: the illegal span is none"
    assert result["illegal_tags"] == 1 and result["illegal_tags_of_argmax"] is None
    assert result["srl-eval"]["perfect"] == 50.0
    low, high = result["srl-eval"]["f1_interval"]
    assert low <= 75.0 <= high and high == 100.0
    assert result["srl-eval"]["labels"]["V"] == {"corr": 2, "excess": 0, "missed": 0, "f1": 100.0}
    assert "1 illegal tags in the output" in scores.report() and "argmax" not in scores.report()
    scores.add_argmax([["I-ARG0", "I-V"]])
    assert "a plain argmax would have made 2" in scores.report()


def test_files_must_hold_the_same() -> None:
    one = example("a b c d", 1, GOLD)
    assert score_files([one], [example("a b c d", 1, NEAR)]).total("srl-eval").overall.tp == 1
    for other, message in [
        ([], "predicted ends before sentence 1"),
        ([one, one], "gold ends before sentence 2"),
        ([example("a b x d", 1, GOLD)], "sentence 1 differs in its words"),
    ]:
        with pytest.raises(UserError, match=message):
            score_files([one], other)


def test_files_with_other_predicates_are_scored_as_found() -> None:
    other = example("a b c d", 2, ["B-ARG0", "O", "B-V", "O"])
    scores = score_files([example("a b c d", 1, GOLD)], [other])
    assert scores.schemes() == ["predicates", "found"]
    assert scores.total("found").overall == SpanCounts(0, 1, 2) and scores.examples == []
