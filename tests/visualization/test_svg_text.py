"""Text in drawings: escaping, width, direction and colour."""

import pytest

from grunlp.visualization.svg_text import escape_markup, is_right_to_left, label_color, text_width, truncate


def test_markup_and_invalid_characters_are_escaped() -> None:
    assert escape_markup("<b> & \"q\" 'r'") == "&lt;b&gt; &amp; &quot;q&quot; &#x27;r&#x27;"
    assert escape_markup("a\x00b\ud800c\ufffed") == "a\ufffdb\ufffdc\ufffdd"
    assert escape_markup(7) == "7"


def test_long_texts_end_in_an_ellipsis() -> None:
    assert truncate("abcdef", 6) == "abcdef"
    assert truncate("abcdefg", 6) == "abcde…"


def test_widths_follow_letters_and_font() -> None:
    assert text_width("iii") < text_width("nnn") < text_width("NNN") < text_width("WWW")
    assert text_width("word", 30.0) == pytest.approx(2 * text_width("word", 15.0))
    assert text_width("漢字") > text_width("ab"), "two columns each"
    assert text_width("\u0301") > 0, "a combining mark alone"


def test_direction_is_that_of_most_letters() -> None:
    assert is_right_to_left(["שלום", "abc"]) and is_right_to_left(["مرحبا"])
    assert not is_right_to_left(["hello", "של"]) and not is_right_to_left(["12", "!"])


def test_a_reference_has_the_colour_of_its_role() -> None:
    assert label_color("ARG1") == label_color("R-ARG1") == label_color("C-ARG1") == label_color("A1") == "colour-1"
    assert label_color("ARGM-TMP") == label_color("R-ARGM-LOC") == label_color("AM-TMP") == "colour-adjunct"
    assert label_color("PER") == label_color("PER") and label_color("PER").startswith("colour-")
