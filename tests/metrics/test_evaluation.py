"""The metric by which trainings are compared."""

import pytest

from grunlp.metrics.evaluation import PrimaryMetric, select_primary_metric
from grunlp.utils.errors import UserError

METRICS = [PrimaryMetric("spans", "F1"), PrimaryMetric("mae", "MAE", "min", 3)]


def test_the_first_metric_that_a_split_has_is_taken() -> None:
    assert select_primary_metric(METRICS, ["accuracy", "mae", "spans"]).key == "spans"
    assert select_primary_metric(METRICS, ["mae"]).sign == -1
    with pytest.raises(UserError, match=r"(?s)no score spans or mae.*there are: accuracy"):
        select_primary_metric(METRICS, ["accuracy"])


def test_scores_are_read_from_stored_metrics() -> None:
    stored = {"spans": {"f1": 81.5, "precision": 80.0}, "mae": {"score": 0.25}}
    assert [metric.read(stored) for metric in METRICS] == [81.5, 0.25]
