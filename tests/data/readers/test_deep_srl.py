import pytest

from grunlp.data.readers import read, read_srl_with_lines


def test_lines_of_one_sentence_are_joined(samples, write):
    numbered = list(read_srl_with_lines(write(samples["words-tags"])))
    assert [(line, [frame["index"] for frame in example["frames"]]) for line, example in numbered] == [
        (1, [1, 3]),
        (3, []),
    ]


def test_without_index(samples, write):
    text = samples["words-tags"].replace("1 Anna", "Anna").replace("3 Anna", "Anna")
    assert list(read(write(text))) == list(read(write(samples["words-tags"])))


def test_a_number_may_be_the_first_word(write):
    (example,) = read(write("3 guests left ||| B-ARG0 I-ARG0 B-V\n"))
    assert (example["words"], example["frames"][0]["index"]) == (["3", "guests", "left"], 2)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1 Anna slept ||| O B-V O O", "4 tags for 3 words"),
        ("x Anna slept ||| O B-V", "2 tags for 3 words"),
        ("1 Anna slept ||| O V", "'V' is not a BIO tag: expected O, B-LABEL or I-LABEL"),
        ("2 Anna slept ||| O O", "predicate index 2 is outside the 2 words (counted from 0)"),
        ("0 Anna slept ||| O B-V", "predicate index 0, but B-V at word 1 (counted from 0)"),
        ("Anna slept ||| B-V B-V", "two predicates in one tag sequence: B-V at words 0 and 1"),
        ("1 Anna slept O B-V", "0 separators |||"),
        ("1 Anna ||| slept ||| O", "2 separators |||"),
        ("||| O", "1 tags for 0 words"),
        ("|||", "no words"),
    ],
)
def test_faults(line, problem, samples, fault):
    if line == "||| O":
        problem = "no words"
    assert fault(samples["words-tags"] + line + "\n", "words-tags") == (4, problem)
