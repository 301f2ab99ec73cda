"""The door: detection, what all formats share, lenient reading, and that only DataError ever comes out."""

import gzip
import lzma
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grunlp.data.readers import FORMATS, detect_format, read, read_srl_with_lines
from grunlp.utils.errors import DataError, UserError

WITH_ROLES = [name for name, form in FORMATS.items() if form.has_roles]
SLOW_START = settings(deadline=None, max_examples=150)  # files are written: the first runs take longer


def test_every_format_has_a_sample(samples):
    assert samples.keys() == set(WITH_ROLES)


@pytest.mark.parametrize("name", WITH_ROLES)
def test_detect(name, samples, write):
    assert detect_format(write(samples[name])) == name


@pytest.mark.parametrize("name", WITH_ROLES)
def test_all_formats_give_the_same_sentences(name, samples, write):
    one, other = read(write(samples[name]))
    assert one["words"] == ["Anna", "forgot", "to", "call", "."]
    assert [frame["index"] for frame in one["frames"]] == [1, 3]
    assert one["frames"][0]["tags"] == ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "O"]
    assert one["frames"][1]["tags"] == ["O", "O", "O", "B-V", "O"]
    assert (other["words"], other["frames"]) == (["Yes", "."], [])


@pytest.mark.parametrize("name", WITH_ROLES)
def test_mark_and_windows_line_ends(name, samples, write, tmp_path):
    plain = list(read(write(samples[name])))
    dressed = tmp_path / "dressed"
    dressed.write_bytes(b"\xef\xbb\xbf" + samples[name].replace("\n", "\r\n").encode())
    assert list(read(dressed)) == plain


@pytest.mark.parametrize("name", WITH_ROLES)
def test_last_line_without_end(name, samples, write):
    assert len(list(read(write(samples[name].rstrip("\n"))))) == 2


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("name", ["file", "file.gz", "file.xz", "file.txt"])
def test_compression_is_told_by_content(compress, name, samples, tmp_path):
    (tmp_path / name).write_bytes(compress(samples["columns"].encode()))
    assert len(list(read(tmp_path / name))) == 2


def test_format_is_named_in_the_log(samples, write, caplog):
    caplog.set_level("INFO")
    path = write(samples["conllu"])
    list(read(path))
    assert f"{path}: format conllu" in caplog.text


def test_unknown_format_names_the_nearest(write):
    with pytest.raises(UserError, match=r"(?s)unknown format 'conll-2005'.*json-lines.*did you mean conll2005\?"):
        read(write("x"), "conll-2005")


@pytest.mark.parametrize(
    "text", ["Anna NNP\ncalled VBD\n", "Anna called .\n", "# Anna called\n", "Anna B-PER\ncalled O\n"]
)
def test_unrecognised_format(text, fault):
    assert fault("\n" + text) == (2, "the format is not recognised")


def test_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "train.conll").touch()
    with pytest.raises(DataError, match=r"(?s)trian\.conll: does not exist.*did you mean .*train\.conll\?"):
        read(tmp_path / "trian.conll")


def test_missing_folder(tmp_path):
    with pytest.raises(DataError, match=r"(?s)does not exist.*neither does its folder"):
        read(tmp_path / "nowhere" / "train.conll")


def test_directory(tmp_path):
    with pytest.raises(DataError, match="is a directory"):
        read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file(samples, write):
    path = write(samples["columns"])
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        list(read(path))


@pytest.mark.parametrize("name", [None, *WITH_ROLES])
def test_empty_file(name, fault):
    assert fault("", name) == (None, "the file is empty")


@pytest.mark.parametrize("name", [None, *WITH_ROLES])
def test_blank_file(name, fault):
    assert fault("\n\n \t\n", name) == (None, "has no sentences")


def test_wrong_encoding(samples, tmp_path):
    (tmp_path / "latin").write_bytes(samples["columns"].replace("call\tVB", "café\tVB").encode("latin-1"))
    with pytest.raises(DataError, match=r"(?s)latin:6: byte 0xe9 at position 6 is not UTF-8.*iconv"):
        list(read(tmp_path / "latin"))


def test_utf16(samples, tmp_path):
    (tmp_path / "wide").write_bytes(samples["columns"].encode("utf-16"))
    with pytest.raises(DataError, match=r"(?s)wide:1: the file is UTF-16.*iconv -f UTF-16"):
        list(read(tmp_path / "wide"))


def test_binary(tmp_path):
    (tmp_path / "binary").write_bytes(b"PAR1\x15\x04\x00\x00")
    with pytest.raises(DataError, match=r"(?s)binary:1: the file is binary.*read_hub"):
        list(read(tmp_path / "binary"))


def test_nul_later_in_the_file(samples, tmp_path):
    (tmp_path / "late").write_bytes(samples["columns"].encode() * 20 + b"1\ta\0\tNN\t_\t_\n")
    with pytest.raises(DataError, match="late:261: contains a NUL byte"):
        list(read(tmp_path / "late"))


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_cut_off_archive(compress, samples, tmp_path):
    data = compress(os.urandom(9000).hex().encode() + b"\n" + samples["columns"].encode() * 99)
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"cut:\d+: the compressed file is damaged or truncated"):
        list(read(tmp_path / "cut", "columns"))


def test_lenient_reading_skips_only_the_bad_sentences(samples, tmp_path):
    good = samples["columns"].encode()
    parts = [good, good.replace(b"\t*)\t", b"\t*\t"), good, good.replace(b"Anna", b"\xff"), good]
    (tmp_path / "mixed").write_bytes(b"".join(parts))
    errors: list[DataError] = []
    examples = list(read_srl_with_lines(tmp_path / "mixed", on_error=errors.append))
    assert [(error.line, error.reason) for error in errors] == [
        (18, "column 6: (ARG1 is never closed"),
        (42, "byte 0xff at position 3 is not UTF-8"),
    ]
    assert [line for line, _ in examples] == [3, 11, 24, 29, 37, 50, 55, 63]


def test_lenient_reading_reports_the_whole_file(tmp_path):
    (tmp_path / "empty").touch()
    errors: list[DataError] = []
    assert list(read(tmp_path / "empty", on_error=errors.append)) == []
    assert [error.reason for error in errors] == ["the file is empty"]


def test_a_faulty_first_sentence_does_not_hide_the_format(samples, write):
    path = write("1\tAnna\n2\n\n" + samples["columns"])
    assert detect_format(path) == "columns"


def test_reading_is_streamed(samples, tmp_path):
    endless = tmp_path / "endless"
    with gzip.open(endless, "wt") as file:
        file.write(samples["columns"] * 500 + "not a row\n\n")
    examples = read(endless)
    assert [next(examples)["id"] for _ in range(4)] == ["letters-0001-01", "letters-0001-02"] * 2


def only_data_errors(path: Path) -> None:
    for name in (None, *FORMATS):
        try:
            for example in read(path, name):
                assert all(len(frame["tags"]) == len(example["words"]) > frame["index"] for frame in example["frames"])
        except DataError as error:
            assert str(error).startswith(str(path))
        errors: list[DataError] = []
        list(read(path, name, on_error=errors.append))


@SLOW_START
@given(data=st.binary(max_size=200))
def test_random_bytes(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(data)
    only_data_errors(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_ROLES)
@SLOW_START
@given(data=st.data())
def test_mutated_files(name, data, samples, tmp_path_factory):
    content = samples[name].encode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 12))
        pieces = [b"*", b"(", b")", b"\t", b"\n", b"-", b"_", b"|", b"99", b'"', b"[", b"]", b"{", b"1e999", b"\xff"]
        new = data.draw(st.sampled_from(pieces) | st.binary(max_size=3))
        content = content[:start] + new + content[start + length :]
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(content)
    only_data_errors(path)


@pytest.mark.slow
@SLOW_START
@given(data=st.data())
def test_mutated_archives(data, samples, tmp_path_factory):
    compress = data.draw(st.sampled_from([gzip.compress, lzma.compress]))
    content = bytearray(compress(samples["columns"].encode()))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "archive"
    path.write_bytes(content)
    only_data_errors(path)
