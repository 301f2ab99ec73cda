"""Prediction of tags: settings of a predictor."""

from dataclasses import replace
from typing import Any

from grunlp.tasks import Predictor


def test_other_settings_share_the_network(predictors: dict[str, Predictor]) -> None:
    tagger: Any = predictors["tagger"]
    other = replace(tagger, nbest=2, tag_scheme="bioes")
    (record,) = other("Anna sees the cat .")
    assert len(record["alternatives"]) == 2 and other.run.model is tagger.run.model
    assert "alternatives" not in tagger("Anna sees the cat .")[0]
