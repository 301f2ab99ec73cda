"""Toy sentiment: deterministic and balanced."""

from grunlp.data.toy.sentiment import sentiment_examples
from grunlp.data.toy.sequence_classification import wave_sequences


def test_toy_classification_sets_are_deterministic_and_balanced() -> None:
    for made in (sentiment_examples, wave_sequences):
        first, again = list(made("dev")), list(made("dev"))
        assert first == again and len({one["label"] for one in first}) == 2
        share = sum(one["label"] == first[0]["label"] for one in first) / len(first)
        assert 0.4 < share < 0.6
