"""Numbers as people write them."""

import numpy as np
import pytest

from grunlp.data.timeseries.number_format import (
    PLAIN,
    NumberFormat,
    has_numbers,
    list_number_formats,
    settle_number_format,
    strip_unit,
)


@pytest.mark.parametrize(
    ("cells", "settled", "numbers"),
    [
        (["1", "-2.5", "3e2", "NA", ".5"], PLAIN, [1, -2.5, 300, np.nan, 0.5]),
        (["0,5", "-12,25", ""], NumberFormat("comma", "none"), [0.5, -12.25, np.nan]),
        (["1.234,5", "1,25"], NumberFormat("comma", "point"), [1234.5, 1.25]),
        (["1,234.5", "7"], NumberFormat("point", "comma"), [1234.5, 7]),
        (["1,234,567", "1,234"], NumberFormat("point", "comma"), [1234567, 1234]),
        (["12,34,567.5"], NumberFormat("point", "comma"), [1234567.5]),
        (["1\u00a0234,5", "2 000"], NumberFormat("comma", "space"), [1234.5, 2000]),
        (["1'234.5"], NumberFormat("point", "apostrophe"), [1234.5]),
        (["\u22125.5"], PLAIN, [-5.5]),
    ],
)
def test_the_format_is_that_of_all_numbers(cells: list[str], settled: NumberFormat, numbers: list[float]) -> None:
    column = strip_unit(cells)
    formats = list_number_formats(None, None)
    assert has_numbers(column, formats)
    assert settle_number_format([column], formats) == (settled, None)
    np.testing.assert_array_equal(settled.parse(column.texts), numbers)


def test_a_sign_that_may_be_either() -> None:
    formats = list_number_formats(None, None)
    settled, ambiguity = settle_number_format([strip_unit(["12", "4,321"])], formats)
    assert ambiguity is not None and ambiguity.text == "4,321" and settled != PLAIN
    assert sorted(value for _, value in ambiguity.readings) == [4.321, 4321]
    settled, ambiguity = settle_number_format([strip_unit(["4.321", "5.432"])], formats)
    assert settled == PLAIN and ambiguity is not None, "a guess, since the decimal point is the custom of files"
    assert settle_number_format([strip_unit(["4.321", "5.43"])], formats) == (PLAIN, None)
    other = strip_unit(["0,5"])
    assert settle_number_format([strip_unit(["4,321"]), other], formats)[0] == NumberFormat("comma", "none")


def test_given_signs() -> None:
    assert list_number_formats("comma", "point") == [NumberFormat("comma", "point")]
    assert {one.thousands for one in list_number_formats("comma", None)} == {"none", "point", "space", "apostrophe"}


@pytest.mark.parametrize(
    ("cells", "texts", "unit"),
    [
        (["$5.10", "-$6", ""], ["5.10", "-6", ""], "$"),
        (["5,10 €", "6 €"], ["5,10", "6"], "€"),
        (["12 %", "3%"], ["12", "3"], "%"),
        (["USD 12", "USD 3"], ["12", "3"], "USD"),
        (["12 kg", "3 kg"], ["12 kg", "3 kg"], ""),
        (["12", "3"], ["12", "3"], ""),
    ],
)
def test_units(cells: list[str], texts: list[str], unit: str) -> None:
    assert strip_unit(cells) == (texts, unit, None)


def test_another_unit() -> None:
    assert strip_unit(["1 %", "2 %", "0.5"]).other_unit == 2
    assert strip_unit(["1 €", "2 €", "$5"]).other_unit == 2


def test_texts_are_not_numbers() -> None:
    formats = list_number_formats(None, None)
    for cells in (["1-1", "2-2"], ["a", "b"], ["", "NA"], ["2024-01-01"], ["1", "a", "b"]):
        assert not has_numbers(strip_unit(cells), formats), cells
