import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.readers import read
from grunlp.data.tags import Span, spans_to_tags
from grunlp.data.writers import write_columns, write_json_lines
from grunlp.utils.errors import UserError

COLUMNS = """\
# doc = letters/0001
# sent = letters-0001-01
1\tAnna\tNNP\t_\t_\t(ARG0*)\t*
2\tforgot\tVBD\tforget\tforget.01\t(V*)\t*
3\tto\tTO\t_\t_\t(ARG1*\t*
4\tcall\tVB\tcall\tcall.02\t*)\t(V*)
5\t.\t.\t_\t_\t*\t*

1\tYes\t_\t_\t_

"""


def written(write, examples):
    file = io.StringIO()
    write(examples, file)
    return file.getvalue()


def frame(index, *spans, length, lemma="", roleset=""):
    return Frame(index=index, lemma=lemma, roleset=roleset, tags=spans_to_tags(spans, length))


def sentence(words, *frames):
    return SRLExample(id="", document="", words=words, pos=[], frames=list(frames))


def test_columns_are_reproduced(tmp_path):
    (tmp_path / "in").write_text(COLUMNS)
    assert written(write_columns, read(tmp_path / "in")) == COLUMNS


def test_a_frame_without_lemma_and_roleset_keeps_its_predicate():
    go = sentence(["Go", "home"], frame(0, Span("V", 0, 1), length=2))
    assert written(write_columns, [go]).startswith("1\tGo\t_\tGo\t_\t(V*)\n")


@pytest.mark.parametrize("word", ["", "a\tb", "a\nb", "a\rb"])
def test_what_cannot_stand_in_a_column(word):
    with pytest.raises(UserError, match=r"(?s)cannot be written in a column.*JSON lines"):
        written(write_columns, [sentence([word])])


@pytest.mark.parametrize("label", ["A(", "A)", "A*", "A B"])
def test_a_role_that_cannot_be_bracketed(label):
    with pytest.raises(UserError, match="cannot be written in a column"):
        written(write_columns, [sentence(["Go", "on"], frame(0, Span(label, 1, 2), length=2))])


@pytest.mark.parametrize("indices", [(1, 0), (1, 1)])
def test_frames_out_of_order(indices):
    with pytest.raises(UserError, match="frames are not in order"):
        written(write_columns, [sentence(["a", "b"], *(frame(i, length=2) for i in indices))])


def test_json_lines():
    roles = [Span("ARG0", 0, 2), Span("V", 2, 3)]
    example = sentence(["The", "guests", "left"], frame(2, *roles, length=3, lemma="leave", roleset="leave.01"))
    assert json.loads(written(write_json_lines, [example])) == {
        "words": ["The", "guests", "left"],
        "frames": [
            {
                "predicate": "left",
                "index": 2,
                "lemma": "leave",
                "roleset": "leave.01",
                "tags": ["B-ARG0", "I-ARG0", "B-V"],
                "arguments": [{"role": "ARG0", "start": 0, "end": 2, "text": "The guests"}],
                "text": "[ARG0 The guests] [V left]",
            }
        ],
    }


def test_json_lines_keep_other_scripts_readable():
    assert '"你好"' in written(write_json_lines, [sentence(["你好"])])


@st.composite
def examples(draw):
    word = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0"), min_size=1, max_size=5)
    word = word.filter(lambda text: text.strip() == text)
    words = draw(st.lists(word, min_size=1, max_size=6))
    length = len(words)
    frames = []
    for index in sorted(draw(st.sets(st.integers(0, length - 1)))):
        spans = [Span("V", index, index + 1)]
        if index > 0 and draw(st.booleans()):
            spans.append(Span("ARG0", draw(st.integers(0, index - 1)), index))
        frames.append(frame(index, *spans, length=length, lemma="go", roleset=draw(st.sampled_from(["", "go.01"]))))
    pos = draw(st.sampled_from([[], ["NN"] * length]))
    ids = st.sampled_from(["", "letters-1", "a b"])
    return SRLExample(id=draw(ids), document=draw(ids), words=words, pos=pos, frames=frames)


@pytest.mark.parametrize(("write", "format"), [(write_columns, "columns"), (write_json_lines, "json-lines")])
@settings(deadline=None)
@given(some=st.lists(examples(), min_size=1, max_size=4))
def test_round_trip(write, format, some, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "round"
    path.write_text(written(write, some), encoding="utf-8", newline="")
    assert list(read(path, format)) == some


@pytest.mark.realdata
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_propbank_ewt_is_reproduced_byte_for_byte(split, data_root):
    path = data_root / "propbank-ewt" / f"{split}.conll.gz"
    assert written(write_columns, read(path)).encode() == gzip.decompress(path.read_bytes())


@pytest.mark.realdata
def test_propbank_ewt_through_json(data_root, tmp_path):
    original = list(read(data_root / "propbank-ewt" / "dev.conll.gz"))
    (tmp_path / "dev.jsonl").write_text(written(write_json_lines, original), encoding="utf-8")
    assert list(read(tmp_path / "dev.jsonl")) == original
