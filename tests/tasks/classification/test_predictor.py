"""Prediction of classes: inputs that are refused."""

from typing import Any

import numpy as np
import pytest

from grunlp.tasks import Predictor
from grunlp.utils.errors import UserError


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("measured", "a text", "classifies arrays"),
        ("measured", np.zeros((3, 3)), r"shape \(3, 3\)"),
        ("measured", np.full((3, 2), np.nan), "NaN or infinite"),
        ("classifier", np.zeros((3, 2)), "classifies texts"),
    ],
)
def test_inputs_of_another_kind(kind: str, given: Any, message: str, predictors: dict[str, Predictor]) -> None:
    with pytest.raises(UserError, match=message):
        predictors[kind](given)
