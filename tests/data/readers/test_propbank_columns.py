import gzip

import pytest

from grunlp.data.readers import read
from grunlp.utils.errors import DataError


def test_everything_a_sentence_says(samples, write):
    one, other = read(write(samples["columns"]))
    assert one == {
        "id": "letters-0001-01",
        "document": "letters/0001",
        "words": ["Anna", "forgot", "to", "call", "."],
        "pos": ["NNP", "VBD", "TO", "VB", "."],
        "frames": [
            {"index": 1, "lemma": "forget", "roleset": "forget.01", "tags": ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "O"]},
            {"index": 3, "lemma": "call", "roleset": "call.02", "tags": ["O", "O", "O", "B-V", "O"]},
        ],
    }
    assert other["id"] == "letters-0001-02"


def test_comments_hold_for_one_sentence(samples, write):
    *_, last = read(write(samples["columns"] + "1\tBye\tUH\t_\t_\n"))
    assert (last["id"], last["document"]) == ("", "")


def test_blanks_instead_of_tabs(samples, write):
    tabs = list(read(write(samples["columns"])))
    assert list(read(write(samples["columns"].replace("\t", "   ")))) == tabs


def test_a_word_may_hold_blanks_between_tabs_and_other_spaces_always(write):
    (example,) = read(write("1\t10 000\tCD\t_\t_\n"))
    assert example["words"] == ["10 000"]
    (example,) = read(write("1 10\N{NO-BREAK SPACE}000 CD _ _\n"))
    assert example["words"] == ["10\N{NO-BREAK SPACE}000"]


def test_a_predicate_may_lack_lemma_or_v(write):
    (example,) = read(write("1\tgo\tVB\t_\tgo.01\t*\n"))
    assert example["frames"] == [{"index": 0, "lemma": "", "roleset": "go.01", "tags": ["O"]}]


def test_v_may_start_before_the_index_and_be_split(write):
    (example,) = read(write("1\tflip\tVB\t_\t_\t(V*)\n2\t-\tHYPH\t_\t_\t*\n3\tflop\tVB\tflop\tflop.01\t(C-V*)\n"))
    assert example["frames"][0]["tags"] == ["B-V", "O", "B-C-V"]


NO_BRACKET = "is not a bracket cell: expected * or (LABEL* or *) or (LABEL*)"

CASES = {
    "never closed": ("\t*)\t", "\t*\t", 5, "column 6: (ARG1 is never closed"),
    "closes nothing": ("\t.\t_\t_\t*\t*", "\t.\t_\t_\t*)\t*", 7, "column 6: ) closes nothing"),
    "nested": ("\tcall.02\t*)", "\tcall.02\t(ARG2*)", 6, "column 6: (ARG2 opens inside (ARG1, open since line 5"),
    "no bracket": ("(ARG0*)", "ARG0*", 3, f"column 6: 'ARG0*' {NO_BRACKET}"),
    "missing column": ("to\tTO\t_\t_\t(ARG1*\t*", "to\tTO\t_\t_\t(ARG1*", 5, "6 columns where 7 were expected"),
    "extra column": ("(V*)\t*", "(V*)\t*\t*", 4, "8 columns where 7 were expected"),
    "empty cell": ("Anna\tNNP", "Anna\t", 3, "column 3 is empty"),
    "index": ("\n3\t", "\n4\t", 5, "index '4' where 3 was expected"),
    "more predicates": ("to\tTO\t_\t_", "to\tTO\tto\tto.01", 6, "3 predicates but 2 role columns"),
    "fewer predicates": ("call\tcall.02", "_\t_", 3, "1 predicates but 2 role columns"),
    "two in a column": ("(ARG0*)", "(V*)", 4, "two predicates claim column 6: line 3 and line 4"),
    "swapped columns": (
        "1\tAnna\tNNP\t_\t_\t(ARG0*)\t*\n2\tforgot\tVBD\tforget\tforget.01",
        "1\tAnna\tNNP\tforget\tforget.01\t(ARG0*)\t*\n2\tforgot\tVBD\t_\t_",
        4,
        "column 6 has its V here, but belongs to the predicate of line 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "problem"), CASES.values(), ids=CASES)
def test_faults(old, new, line, problem, samples, fault):
    assert old in samples["columns"]
    assert fault(samples["columns"].replace(old, new, 1), "columns") == (line, problem)


def test_too_few_columns(fault):
    assert fault("1\tAnna\tNNP\n2\tslept\tVBD\n", "columns") == (1, "3 columns where 5 were expected")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("split", "sentences", "predicates"), [("train", 12520, 40396), ("dev", 1966, 4959), ("test", 2058, 4795)]
)
def test_propbank_ewt(split, sentences, predicates, data_root):
    examples = list(read(data_root / "propbank-ewt" / f"{split}.conll.gz"))
    assert len(examples) == sentences
    assert sum(len(example["frames"]) for example in examples) == predicates
    assert len({example["id"] for example in examples}) == sentences


@pytest.mark.realdata
def test_a_broken_line_of_the_real_corpus_is_found(data_root, tmp_path):
    lines = gzip.decompress((data_root / "propbank-ewt" / "dev.conll.gz").read_bytes()).splitlines(keepends=True)
    lines[20000] = b"\t".join(lines[20000].split(b"\t")[:-1]) + b"\n"
    (tmp_path / "broken").write_bytes(b"".join(lines))
    errors = []
    assert len(list(read(tmp_path / "broken", on_error=errors.append))) == 1965
    assert [error.line for error in errors] == [20001]


def test_predicates_without_roles_are_input_of_a_labeller(write):
    path = write("1\tOh\tUH\t_\t_\n\n1\tShe\tPRP\t_\t_\n2\tgave\tVBD\tgive\tgive.01\n3\tit\tPRP\t_\t_\n")
    first, second = read(path, require_roles=False)
    assert first["frames"] == []
    assert second["frames"] == [{"index": 1, "lemma": "give", "roleset": "give.01", "tags": ["O", "B-V", "O"]}]
    with pytest.raises(DataError, match=":4: 1 predicates but 0 role columns"):
        list(read(path))
