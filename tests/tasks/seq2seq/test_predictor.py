"""Prediction of texts: samples, constraints and attention."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grunlp.decoding.sampling import Sampling
from grunlp.tasks import Predictor
from grunlp.utils.errors import UserError


def test_drawn_texts_differ_by_their_seed_alone(predictors: dict[str, Predictor]) -> None:
    writer: Any = predictors["writer"]
    drawing = replace(writer, search=Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=1))
    one, _, third = drawing.predict_batch(["Anna sees", "cat", "Anna sees"])
    assert [text["text"] for text in one[0]["texts"]] == [text["text"] for text in third[0]["texts"]]
    again = replace(writer, search=Sampling(temperature=1.0, top_k=0, top_p=1.0, seed=2))("Anna sees")
    assert again[0]["texts"][0]["text"] != one[0]["texts"][0]["text"]


def test_attention_and_what_is_wanted(predictors: dict[str, Predictor]) -> None:
    writer: Any = predictors["writer"]
    attention = writer.attention("Anna sees", "the cat")
    assert np.array(attention.weights).shape == (len(attention.target_tokens), len(attention.source_tokens))
    assert np.allclose(np.sum(attention.weights, axis=1), 1, atol=1e-5)
    (record,) = writer.with_constraints(prefix="Anna", required=["dog"])("cat")
    assert record["texts"][0]["text"].startswith("Anna") and "dog" in record["texts"][0]["text"]
    with pytest.raises(UserError, match="forbidden=Ω: not in the vocabulary"):
        writer.with_constraints(forbidden=["Ω"])
