import re

import pytest

from grunlp.data.readers import conll2005, detect_format, read
from grunlp.utils.errors import DataError, UserError

NO_BRACKET = "is not a bracket cell: expected * or (LABEL* or *) or (LABEL*)"

FULL = """\
Anna    NNP  (S1(S(NP*)  (PER*)  -   -       (A0*)  *
forgot  VBD  (VP*        *       01  forget  (V*)   *
to      TO   (S(VP*      *       -   -       (A1*   *
call    VB   (VP*))))    *       02  call    *)     (V*)
.       .    *))         *       -   -       *      *

Yes     UH   (S1(INTJ*   *       -   -
.       .    *))         *       -   -
"""


def without_first_column(text: str) -> str:
    return re.sub(r"(?m)^\S+ +", "", text)


def only_first_column(text: str) -> str:
    return re.sub(r"(?m)^(\S+) .*$", r"\1", text)


def test_lemmas(samples, write):
    one, _ = read(write(samples["conll2005"]))
    assert [(frame["lemma"], frame["roleset"]) for frame in one["frames"]] == [("forget", ""), ("call", "")]
    assert one["pos"] == []


def test_words_apart(samples, write):
    together = list(read(write(samples["conll2005"])))
    props = write(without_first_column(samples["conll2005"]), "props")
    words = write(only_first_column(samples["conll2005"]) + "\n\n", "words")
    assert list(read(props, words=words)) == together


def test_full_layout(write):
    one, other = read(write(FULL))
    assert one["pos"] == ["NNP", "VBD", "TO", "VB", "."]
    assert [frame["roleset"] for frame in one["frames"]] == ["forget.01", "call.02"]
    assert one["frames"][0]["tags"] == ["B-A0", "B-V", "B-A1", "I-A1", "O"]
    assert (other["words"], other["pos"], other["frames"]) == (["Yes", "."], ["UH", "."], [])


def test_full_layout_without_senses(write):
    one, _ = read(write(re.sub(r" (01|02|-) (?= +(forget|call|-))", " ", FULL)))
    assert one["pos"][0] == "NNP"
    assert one["frames"][0]["roleset"] == ""


def test_a_number_sign_is_a_word(write):
    (example,) = read(write("#  -  *\nfell  fall  (V*)\n"))
    assert example["words"] == ["#", "fell"]


def test_detected_without_predicates_and_in_a_faulty_sentence(write, fault):
    assert detect_format(write("Yes  -\n.  -\n")) == "conll2005"
    assert fault("Anna  -  (A0*)\nsang  sing  (V*)  *\n") == (2, "4 columns where 3 were expected")


CASES = {
    "never closed": ("*)       (V*)", "*        (V*)", 3, "column 3: (ARG1 is never closed"),
    "bad cell": ("(ARG0*)", "(ARG0)", 1, f"column 3: '(ARG0)' {NO_BRACKET}"),
    "missing column": ("(V*)     *", "(V*)", 2, "3 columns where 4 were expected"),
    "more predicates": ("to       -", "to       to", 4, "3 predicates but 2 role columns"),
    "fewer predicates": ("call     call", "call     -", 1, "1 predicates but 2 role columns"),
    "two in a column": ("(ARG0*)", "(V*)", 2, "two predicates claim column 3: line 1 and line 2"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "problem"), CASES.values(), ids=CASES)
def test_faults(old, new, line, problem, samples, fault):
    assert old in samples["conll2005"]
    assert fault(samples["conll2005"].replace(old, new, 1)) == (line, problem)


def test_props_without_words(samples, fault):
    assert fault(without_first_column(samples["conll2005"])) == (1, "props without words")


@pytest.mark.parametrize(
    ("words", "line", "problem"),
    [
        ("Anna\nforgot\nto\ncall\n\nYes\n.\n", 5, "the sentence ends in {words} but goes on in {props}"),
        ("Anna\nforgot\nto\ncall\n.\n!\n\nYes\n.\n", 6, "the sentence ends in {props} but goes on in {words}"),
        ("Anna\nforgot\nto\ncall\n.\n\nYes\n", 8, "the sentence ends in {words} but goes on in {props}"),
        ("Anna\nforgot\nto\ncall\n.\n\nYes\n.\n\n!\n", 10, "the sentence ends in {props} but goes on in {words}"),
    ],
)
def test_words_out_of_step(words, line, problem, samples, write):
    props = write(without_first_column(samples["conll2005"]), "props")
    path = write(words, "words")
    with pytest.raises(DataError) as caught:
        list(read(props, words=path))
    assert (caught.value.path, caught.value.line) == (str(props), line)
    assert caught.value.reason == problem.format(words=path, props=props)


def test_several_columns_of_words(samples, write):
    props = write(without_first_column(samples["conll2005"]), "props")
    with pytest.raises(DataError, match="words:1: several columns in a words file"):
        list(read(props, words=write("Anna NNP\n", "words")))


def test_words_with_another_format(samples, write):
    with pytest.raises(UserError, match=r"(?s)a words file with format columns.*only conll2005"):
        read(write(samples["columns"]), "columns", words=write("Anna\n", "words"))


@pytest.mark.realdata
def test_scorer_cases(data_root, tmp_path):
    for props in sorted((data_root / "scorer-cases").glob("*.props")):
        words = tmp_path / "words"
        words.write_text(re.sub(r"(?m)^\S.*$", "word", props.read_text()))
        assert len(list(read(props, words=words))) == 30


def test_predicates_without_roles_are_input_of_a_labeller(write):
    path = write("Oh UH -\n\nShe PRP -\ngave VBD give\nit PRP -\n")
    assert detect_format(path) == "conll2005"
    first, second = read(path, require_roles=False)
    assert first["frames"] == []
    assert second["frames"] == [{"index": 1, "lemma": "give", "roleset": "", "tags": ["O", "B-V", "O"]}]
    with pytest.raises(DataError, match=":4: 1 predicates but 0 role columns"):
        list(read(path))


def test_span_tags_are_no_lemmas():
    assert conll2005.has_span_tags(["Anna B-PER", "sings -"])
    assert not conll2005.has_span_tags(["Anna -", "sings sing"])
    assert not conll2005.has_span_tags(["Anna -", "Berg -"])
