"""Lengths of the batches by which an export is verified."""

import numpy as np
import pytest

from grunlp.exporting.exporter import ModelExporter, batch_lengths


@pytest.mark.parametrize(("rows", "longest", "shortest"), [(1, 1, 1), (7, 9, 1), (50, 6, 4)])
def test_the_first_row_is_the_longest_and_the_others_vary(rows: int, longest: int, shortest: int) -> None:
    lengths = batch_lengths(rows, longest, shortest, np.random.default_rng(0))
    assert len(lengths) == rows and lengths[0] == longest
    assert shortest <= min(lengths) and max(lengths) == longest
    if rows == 50:
        assert set(lengths) == {4, 5, 6}


def test_an_exporter_must_define_every_method() -> None:
    with pytest.raises(TypeError, match="abstract"):
        ModelExporter()  # type: ignore[abstract]
