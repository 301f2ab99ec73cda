"""The report of a search: the chosen value and those within one standard error are marked."""

from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.tuning.model_selection import TrialResult
from grunlp.tuning.report import summary_table


def trial(size: int, *scores: float, pruned: bool = False) -> TrialResult:
    folds = dict(enumerate(scores))
    seconds = dict.fromkeys(folds, 2.0)
    return TrialResult((("model.hidden_size", size),), folds, seconds, num_parameters=10 * size, pruned=pruned)


def test_rows_show_means_with_standard_errors_and_the_choice() -> None:
    rows = [trial(8, 50.0, 50.0), trial(16, 89.0, 91.0), trial(64, 88.0, 92.4), trial(128, 40.0, pruned=True)]
    header, lines = summary_table(rows, PrimaryMetric("accuracy", "accuracy"))
    assert header == ["model.hidden_size", "accuracy", "weights", "seconds", ""]
    assert [line[-1] for line in lines] == ["", "chosen", "*", "after 1 folds"]
    assert lines[1][:4] == ["16", "90.00 ± 1.00", "160", "2.0"]
