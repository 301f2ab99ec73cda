import pytest

from grunlp.data.readers import detect_format, read
from grunlp.data.tags import tags_to_spans

SPANS = """\
# global.columns = ID FORM LEMMA UPOS UP:PRED UP:ARGHEADS UP:ARGSPANS
# sent_id = s1
1\tLena\tLena\tPROPN\t_\t_\t_
2\tsang\tsing\tVERB\tsing.01\tARG0:1|ARG1:4\tARG0:1-1|ARG1:3-4
3\ttwo\ttwo\tNUM\t_\t_\t_
4\tsongs\tsong\tNOUN\t_\t_\t_

# sent_id = s2
1\tGo\tgo\tVERB\tgo.01\t_\t_
"""

HEADS = """\
# global.columns = ID FORM HEAD UP:PRED UP:ARGHEADS
1\tLena\t2\t_\t_
2\tsang\t0\tsing.01\tARG0:1|ARG1:4
3\ttwo\t4\t_\t_
4\tsongs\t2\t_\t_
"""

FLAGGED = """\
# sentence-text: Lena sang two songs
1\tLena\tLena\tPROPN\tNNP\t_\t2\tnsubj\t_\t_\tA0
2\tsang\tsing\tVERB\tVBD\t_\t0\troot\tY\tsing.01\t_
3\ttwo\ttwo\tNUM\tCD\t_\t4\tnummod\t_\t_\t_
4\tsongs\tsong\tNOUN\tNNS\t_\t2\tobj\t_\t_\tA1

1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_
"""


def test_everything_a_sentence_says(samples, write):
    one, other = read(write(samples["conllu"]))
    assert (one["id"], one["document"]) == ("letters-0001-01", "letters/0001")
    assert (other["id"], other["document"]) == ("letters-0001-02", "letters/0001")
    assert one["pos"] == ["NNP", "VBD", "TO", "VB", "."]
    assert [(frame["lemma"], frame["roleset"]) for frame in one["frames"]] == [
        ("forget", "forget.01"),
        ("call", "call.02"),
    ]


@pytest.mark.parametrize("text", [SPANS, HEADS])
def test_universal_propositions_2(text, write):
    path = write(text)
    assert detect_format(path) == "conllu"
    one, *others = read(path)
    assert one["frames"][0]["tags"] == ["B-ARG0", "B-V", "B-ARG1", "I-ARG1"]
    assert [(other["id"], other["frames"][0]["tags"]) for other in others] == ([("s2", ["B-V"])] if others else [])


def test_flagged_layout_has_no_v(write):
    one, other = read(write(FLAGGED))
    assert one["frames"] == [
        {"index": 1, "lemma": "sing", "roleset": "sing.01", "tags": ["B-A0", "B-V", "B-A1", "I-A1"]}
    ]
    assert other["frames"] == []


def test_multiword_tokens_and_empty_nodes_are_left_out(samples, write):
    text = samples["conllu"].replace("\n3\tto", "\n3-4\ttocall\t_\n3\tto").replace("\n5\t.", "\n4.1\tcopy\t_\n5\t.")
    assert list(read(write(text))) == list(read(write(samples["conllu"])))


def test_upos_stands_in_for_xpos(samples, write):
    one, _ = read(write(samples["conllu"].replace("VBD", "_")))
    assert one["pos"] == ["NNP", "VERB", "TO", "VB", "."]


def test_empty_cells_are_nothing(samples, write):
    text = samples["conllu"].replace("\t_\t_\t_\n", "\t_\t\t\n")
    assert list(read(write(text))) == list(read(write(samples["conllu"])))


CASES = {
    "missing column": ("\tARG0\t_\n", "\tARG0\n", 3, "12 columns where 13 were expected"),
    "index": ("\n3\tto", "\n4\tto", 5, "index '4' where 3 was expected"),
    "more predicates": ("mark\t_\t_\t_\t", "mark\t_\t_\tto.01\t", 6, "3 predicates but 2 role columns"),
    "fewer predicates": ("call.02", "_", 3, "1 predicates but 2 role columns"),
    "head": ("NNP\t_\t2", "NNP\t_\t9", 3, "head '9' is not a token"),
    "no head": ("NNP\t_\t2", "NNP\t_\t_", 3, "head '_' is not a token"),
    "circle": ("VBD\t_\t0", "VBD\t_\t4", 3, "the heads above this token go round in a circle"),
}


@pytest.mark.parametrize(("old", "new", "line", "problem"), CASES.values(), ids=CASES)
def test_faults(old, new, line, problem, samples, fault):
    assert old in samples["conllu"]
    assert fault(samples["conllu"].replace(old, new, 1), "conllu") == (line, problem)


@pytest.mark.parametrize("cell", ["ARG0:1-1|ARG1", "ARG0:0-1", "ARG1:3-9", "ARG1:4-3", "x"])
def test_unreadable_spans(cell, fault):
    assert fault(SPANS.replace("ARG0:1-1|ARG1:3-4", cell)) == (4, f"arguments {cell!r} cannot be read")


@pytest.mark.parametrize("cell", ["ARG0:1|ARG1", "ARG0:0", "ARG1:5", "x"])
def test_unreadable_heads(cell, fault):
    assert fault(HEADS.replace("ARG0:1|ARG1:4", cell)) == (3, f"arguments {cell!r} cannot be read")


def test_missing_named_columns(fault):
    assert fault(SPANS.replace("FORM", "TEXT")) == (3, "no column is named FORM")
    assert fault(HEADS.replace("HEAD", "TAIL", 1)) == (2, "no column is named HEAD")


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "sentences", "predicates"), [("en_ewt-up-dev", 2002, 4977), ("zh-up-dev", 500, 1257)])
def test_universal_propositions_1(name, sentences, predicates, data_root):
    examples = list(read(data_root / "up1" / f"{name}.conllu.gz"))
    frames = [frame for example in examples for frame in example["frames"]]
    assert (len(examples), len(frames)) == (sentences, predicates)
    assert all(any(span.label == "V" for span in tags_to_spans(frame["tags"])) for frame in frames)


def test_predicates_without_roles_are_input_of_a_labeller(write):
    text = "# global.columns = ID FORM LEMMA UP:PRED\n"
    text += "1\tLena\tLena\t_\n2\tsang\tsing\tsing.01\n3\ta\ta\t_\n4\tsong\tsong\t_\n"
    (example,) = read(write(text), require_roles=False)
    assert [(frame["roleset"], frame["tags"]) for frame in example["frames"]] == [("sing.01", ["O", "B-V", "O", "O"])]
