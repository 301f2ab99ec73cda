"""Toy waves: the class of a series can be found by the directions of its two events."""

import numpy as np

from grunlp.data.toy.sequence_classification import wave_sequences


def test_the_order_of_the_events_is_the_class() -> None:
    directions = np.random.default_rng(0).choice([-1.0, 1.0], size=(2, 128))
    for series in list(wave_sequences("dev"))[:50]:
        values = np.array(series["values"]).reshape(series["steps"], 128)
        starts = [int(np.argmax(np.convolve(values @ one, np.ones(5), "valid"))) for one in directions]
        assert series["label"] == ("before" if starts[0] < starts[1] else "after")


def test_splits_differ() -> None:
    firsts = [next(wave_sequences(split))["values"] for split in ("train", "dev", "test")]
    assert len({tuple(values) for values in firsts}) == 3
