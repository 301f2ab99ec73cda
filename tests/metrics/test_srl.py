import pytest

from grunlp.data.example import Example, Frame
from grunlp.errors import GrunlpError
from grunlp.metrics.srl import SRLScores, score_files

GOLD = ["B-ARG0", "B-V", "B-ARG1", "I-ARG1"]
NEAR = ["B-ARG0", "B-V", "B-ARG1", "O"]


def test_three_countings_and_legality() -> None:
    scores = SRLScores()
    scores.add("a", [GOLD], [GOLD])
    scores.add("b", [GOLD], [["I-ARG0", "B-V", "B-ARG1", "O"]])
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


def example(words: str, index: int, tags: list[str]) -> Example:
    frames = [Frame(index=index, lemma="", roleset="", tags=tags)]
    return Example(id="", document="", words=words.split(), pos=[], frames=frames)


def test_files_must_hold_the_same() -> None:
    one = example("a b c d", 1, GOLD)
    assert score_files([one], [example("a b c d", 1, NEAR)]).total("srl-eval").overall.corr == 1
    for other, message in [
        ([], "predicted ends before sentence 1"),
        ([one, one], "gold ends before sentence 2"),
        ([example("a b x d", 1, GOLD)], "sentence 1 differs in its words"),
        ([example("a b c d", 2, GOLD)], "sentence 1 differs in its predicates"),
    ]:
        with pytest.raises(GrunlpError, match=message):
            score_files([one], other)
