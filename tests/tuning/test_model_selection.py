import math

import pytest

from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.tuning.model_selection import TrialResult, explain_choice, format_fraction, one_standard_error_rule
from grunlp.utils.errors import UserError

F1, NATS = PrimaryMetric("srl-eval", "F1"), PrimaryMetric("nats_per_character", "nats a character", "min", 4)


def row(size: int, scores: list[float], weights: int | None = None, pruned: bool = False) -> TrialResult:
    values = (("model.hidden_size", size),)
    return TrialResult(values, dict(enumerate(scores)), dict.fromkeys(range(len(scores)), 1.0), weights or size, pruned)


def test_mean_and_standard_error_by_hand() -> None:
    one = row(8, [90.0, 92.0, 94.0])
    assert one.mean == 92 and one.standard_error == pytest.approx(2 / math.sqrt(3))
    assert row(8, [90.0]).standard_error == 0


def test_the_smallest_within_one_standard_error() -> None:
    rows = [row(32, [85.0, 86.0, 87.0]), row(96, [90.8, 91.0, 91.2]), row(512, [90.0, 92.0, 94.0])]
    # the best is 92 ± 1.155: 90.845 is enough
    assert one_standard_error_rule(rows, 1) is rows[1]
    assert explain_choice(rows, F1) == (
        "model.hidden_size=96: within 1.00 F1 of model.hidden_size=512, the best, at 19 % of the weights"
        " (one standard error is 1.15)."
    )
    rows[1] = row(96, [90.6, 90.8, 91.0])
    assert one_standard_error_rule(rows, 1) is rows[2], "90.8 is too low"
    assert explain_choice(rows, F1) == (
        "model.hidden_size=512: the best, F1 92.00; no smaller network is within 1.15 of it."
    )


def test_its_own_standard_error_does_not_count() -> None:
    rows = [row(8, [50.0, 90.0, 130.0]), row(16, [91.9, 92.0, 92.1])]
    assert one_standard_error_rule(rows, 1) is rows[1]


def test_low_scores_may_be_good() -> None:
    rows = [row(8, [2.0, 2.1, 2.2]), row(16, [1.05, 1.15, 1.25]), row(32, [1.0, 1.1, 1.2])]
    assert one_standard_error_rule(rows, NATS.sign) is rows[1]
    assert "within 0.0500 nats a character of model.hidden_size=32, the best, at half of the weights" in explain_choice(
        rows, NATS
    )


def test_as_many_weights_take_the_better() -> None:
    rows = [row(1, [90.0, 92.0, 93.0], 7), row(2, [90.0, 92.0, 94.0], 7)]
    assert one_standard_error_rule(rows, 1) is rows[1]
    assert "all have the same number of weights" in explain_choice(rows, F1)


def test_what_was_pruned_is_not_chosen() -> None:
    assert one_standard_error_rule([row(1, [99.0], pruned=True), row(2, [90.0, 91.0])], 1).num_parameters == 2


def test_fractions() -> None:
    assert [format_fraction(x) for x in (0.5, 0.2, 0.33, 0.255, 0.14, 0.1)] == [
        "half", "a fifth", "a third", "a quarter", "14 %", "a tenth",
    ]  # fmt: skip


def test_a_training_that_diverged_is_never_chosen() -> None:
    rows = [row(32, [85.0, math.nan, 87.0]), row(96, [90.8, 91.0, 91.2])]
    assert (
        math.isnan(rows[0].standard_error)
        and one_standard_error_rule(rows, 1) is rows[1]
        and one_standard_error_rule(rows, -1) is rows[1]
    )
    with pytest.raises(UserError, match="no value has a score in all folds"):
        one_standard_error_rule(rows[:1], 1)
