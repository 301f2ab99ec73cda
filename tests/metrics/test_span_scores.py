"""The seqeval figure comes from the seqeval library, and our own count must agree with it."""

import random
from typing import Any

import pytest

from grunlp.metrics import span_scores
from grunlp.metrics.seqeval_library import PrecisionRecallF1, score_with_seqeval
from grunlp.metrics.span_counts import EvalCounts, conlleval_counts
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.utils.errors import UserError

GOLD, PREDICTED = ["B-A", "I-A", "O", "B-B", "O"], ["B-A", "I-A", "O", "I-B", "B-C"]


def scores_of(*pairs: tuple[list[str], list[str]]) -> TagScores:
    scores = TagScores(spans=True)
    for gold, predicted in pairs:
        scores.add("", gold, predicted, predicted)
    return scores


def seqeval_figures(gold: list[list[str]], predicted: list[list[str]]) -> tuple[float, ...]:
    """The public functions of seqeval, in percent."""
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    options: dict[str, Any] = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    return tuple(100 * score(gold, predicted, **options) for score in (precision_score, recall_score, f1_score))


def test_the_figure_is_that_of_seqeval() -> None:
    rng = random.Random(0)
    tags = ["O", "B-X", "I-X", "B-Y", "I-Y"]
    gold = [[rng.choice(tags) for _ in range(rng.randint(1, 9))] for _ in range(200)]
    predicted = [[tag if rng.random() < 0.7 else rng.choice(tags) for tag in sequence] for sequence in gold]
    expected = seqeval_figures(gold, predicted)
    assert score_with_seqeval(gold, predicted) == pytest.approx(expected, abs=1e-12)
    content, report = scores_of(*zip(gold, predicted, strict=True)).as_dict()["seqeval"], ""
    assert (content["precision"], content["recall"], content["f1"]) == expected
    report = scores_of(*zip(gold, predicted, strict=True)).report()
    assert f"seqeval strict               F1 {expected[2]:6.2f}" in report


def test_seqeval_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def score(gold: list[Any], predicted: list[Any]) -> PrecisionRecallF1:
        calls.append(len(gold))
        return score_with_seqeval(gold, predicted)

    monkeypatch.setattr(span_scores, "score_with_seqeval", score)
    scores = scores_of((GOLD, PREDICTED), (GOLD, GOLD))
    scores.as_dict()
    scores.report()
    assert calls == [2], "once, on the whole split"


@pytest.mark.parametrize("broken", [conlleval_counts, lambda gold, predicted: EvalCounts()])
def test_a_count_that_differs_stops_the_report(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_scores, "seqeval_counts", broken)
    scores = scores_of((GOLD, PREDICTED))
    for report in (scores.as_dict, scores.report):
        with pytest.raises(UserError, match=r"seqeval library gives 50\.0+, grunlp's own count (66\.6|0\.0)"):
            report()


def test_an_srl_count_that_differs_stops_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_scores, "seqeval_counts", conlleval_counts)
    scores = SRLScores()
    gold = {"id": "", "document": "", "words": list("abcde"), "pos": [], "frames": [frame(GOLD)]}
    scores.add(gold, [frame(PREDICTED)], None, None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="differs between seqeval and grunlp"):
        scores.as_dict()


def frame(tags: list[str]) -> dict[str, Any]:
    return {"index": 0, "lemma": "", "roleset": "", "tags": tags}


def test_plain_tags_have_no_seqeval_figure() -> None:
    scores = TagScores(spans=False)
    scores.add("", ["DT", "NN"], ["DT", "VB"], ["DT", "VB"])
    assert "seqeval" not in scores.as_dict() and "seqeval" not in scores.report()


def test_nothing_to_score() -> None:
    assert "seqeval" not in TagScores(spans=True).as_dict(), "an empty split has no figure"
    scores = scores_of((["O"], ["O"]))
    assert scores.as_dict()["seqeval"]["f1"] == 0


def test_sentences_without_predicates_have_a_figure_of_0() -> None:
    scores = SRLScores()
    gold = {"id": "", "document": "", "words": ["a"], "pos": [], "frames": []}
    scores.add(gold, [], None, None)  # type: ignore[arg-type]
    assert scores.as_dict()["seqeval"]["f1"] == 0
