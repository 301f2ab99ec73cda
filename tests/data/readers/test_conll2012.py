import re

import pytest

from grunlp.data.readers import detect_format, read


def test_everything_a_sentence_says(samples, write):
    one, other = read(write(samples["conll2012"]))
    assert (one["document"], one["pos"]) == ("letters/0001", ["NNP", "VBD", "TO", "VB", "."])
    assert [(frame["lemma"], frame["roleset"]) for frame in one["frames"]] == [
        ("forget", "forget.01"),
        ("call", "call.02"),
    ]
    assert other["document"] == "letters/0001"


def test_without_document_marks(samples, write):
    path = write(re.sub(r"(?m)^#.*\n", "", samples["conll2012"]))
    assert detect_format(path) == "conll2012"


def test_columns_in_any_order_and_frameset_without_roles(samples, write):
    text = re.sub(r"(\S+)( +)(\S+)( +\S+)$", r"\3\2\1\4", samples["conll2012"].split("\n\n")[0], flags=re.MULTILINE)
    text = text.replace("to      TO   (S(VP*       -       -", "to      TO   (S(VP*       to      01")
    (example,) = read(write(text))
    assert [frame["index"] for frame in example["frames"]] == [1, 3]
    assert example["frames"][0]["tags"][0] == "B-ARG0"


NO_BRACKET = "is not a bracket cell: expected * or (LABEL* or *) or (LABEL*)"
TWO_COLUMNS = "columns 12 and 13 both have their V here"

CASES = {
    "never closed": ("*)       (V*)", "*        (V*)", 4, "column 12: (ARG1 is never closed"),
    "missing column": ("(V*)     *     -", "(V*)     *", 3, "13 columns where 14 were expected"),
    "index": ("0  3  call", "0  4  call", 5, "index '4' where 3 was expected"),
    "column of nobody": (
        "(V*)     *     -",
        "*        *     -",
        2,
        "column 12 does not belong to a predicate: it has no (V*",
    ),
    "broken v": ("(V*)     *     -", "(V)      *     -", 3, f"column 12: '(V)' {NO_BRACKET}"),
    "two in a column": ("(ARG1*   *  ", "(V*)     *  ", 4, "two predicates claim column 12: line 3 and line 4"),
    "two columns": ("*         (V*)     *     -", "*         (V*)     (V*)  -", 3, TWO_COLUMNS),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "problem"), CASES.values(), ids=CASES)
def test_faults(old, new, line, problem, samples, fault):
    assert old in samples["conll2012"]
    text = samples["conll2012"].replace(old, new, 1)
    if problem.startswith("two predicates"):
        text = text.replace("*)       (V*)  -", "*        (V*)  -")
    assert fault(text, "conll2012") == (line, problem)


def test_predicates_without_roles_are_input_of_a_labeller(samples, write):
    text = re.sub(r"(?m)(^\S+(?: +\S+){10}) .*( \S+)$", r"\1\2", samples["conll2012"])
    assert "(V*" not in text
    example = next(read(write(text), require_roles=False))
    assert [(frame["index"], frame["lemma"], frame["roleset"]) for frame in example["frames"]] == [
        (1, "forget", "forget.01"),
        (3, "call", "call.02"),
    ]
    assert example["frames"][0]["tags"] == ["O", "B-V", "O", "O", "O"]
    whole = list(read(write(samples["conll2012"]), require_roles=False))
    assert whole == list(read(write(samples["conll2012"])))
