import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from grunlp.data.__main__ import main
from grunlp.data.validation import length_quantile

TRAIN = """\
Lena sang ||| B-ARG0 B-V
Thank you ||| B-V B-ARG1
Yes . ||| O O
"""
DEV = """\
Thank YOU ||| B-V B-ARG1
Nils sang two songs ||| B-ARG0 B-V B-ARG1 I-ARG1
"""
BAD = """\
Lena sang ||| B-ARG0 I-ARG1
Lena sang ||| B-ARG0
Lena sang ||| I-ARG0 B-V
"""
NESTED = "1\tGo\tVB\tgo\tgo.01\t(V*)\n2\tnow\tRB\t_\t_\t(A*\n3\tnow\tRB\t_\t_\t(B*)\n4\tnow\tRB\t_\t_\t*)\n"


@pytest.fixture
def check(tmp_path, capsys, monkeypatch):
    """Write files, run the command in their folder, and return status, printed lines and errors."""

    def run(*arguments, **files):
        monkeypatch.chdir(tmp_path)
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        status = main(["check", *arguments])
        captured = capsys.readouterr()
        return status, [re.sub(" {2,}", "  ", line) for line in captured.out.splitlines()], captured.err

    return run


def test_good_splits(check):
    status, lines, _ = check("train=a", "dev=b", a=TRAIN, b=DEV)
    assert status == 0
    assert lines == [
        "train: a (words-tags)",
        "dev: b (words-tags)",
        "",
        "  train  dev",
        "sentences  3  2",
        "without predicate  1  0",
        "tokens  6  6",
        "predicates  2  2",
        "mean length  2.0  3.0",
        "median length  2  2",
        "95 % are at most  2  4",
        "longest  2  4",
        "illegal tags  0  0",
        "overlapping spans  0  0",
        "errors  0  0",
        "",
        "label  train  dev",
        "V  2  2",
        "ARG1  1  2",
        "ARG0  1  1",
        "",
        "1 sentences of train also occur in dev, first: line 2",
        "",
        "1 sentences of dev also occur in train, first: line 1",
    ]


def test_faults_are_listed_with_file_and_line(check):
    status, lines, _ = check("a", a=BAD)
    assert status == 1
    assert "illegal tags  1" in lines
    assert lines[-3:] == [
        "a: 2 errors, the first 2:",
        "  a:2: 1 tags for 2 words (expected INDEX WORD WORD ... ||| TAG TAG ...)",
        "  a:3: illegal tag I-ARG0 at word 0, predicate at word 1 (I-X follows B-X or I-X of the same label)",
    ]


def test_only_the_first_ten_faults_are_shown(check):
    status, lines, _ = check("a", a=TRAIN + "Lena ||| X\n" * 30)
    assert status == 1
    assert "a: 30 errors, the first 10:" in lines
    assert sum("is not a BIO tag" in line for line in lines) == 10
    assert "sentences  3" in lines


def test_overlapping_spans(check):
    status, lines, _ = check("a", a=NESTED)
    assert status == 1
    assert "overlapping spans  1" in lines
    assert any(line.startswith("  a:3: column 6: (B opens inside (A, open since line 2") for line in lines)


def test_whole_file_faults_are_findings(check):
    status, lines, _ = check("a", "b", a="", b=TRAIN)
    assert status == 1
    assert "a: a (not recognised)" in lines
    assert "  a: the file is empty; expected at least one sentence. Check how it was made" in lines


def test_words_apart(check):
    status, lines, _ = check("--words", "w", "p", w="Lena\nsang\n", p="-  (A0*)\nsing  (V*)\n")
    assert status == 0
    assert "p: p (conll2005)" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: does not exist"),
        (["."], "is a directory"),
        (["--format", "column", "a"], "did you mean columns?"),
        (["--words", "a", "a", "b"], "one file of words for several paths"),
        (["a", "a"], "a is given twice"),
    ],
)
def test_usage_errors(arguments, message, check):
    status, lines, error = check(*arguments, a=TRAIN, b=DEV)
    assert (status, lines) == (2, [])
    assert message in error


def test_no_arguments(check):
    with pytest.raises(SystemExit) as caught:
        check()
    assert caught.value.code == 2


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["check", "--help"])
    assert caught.value.code == 0
    assert "python -m grunlp.data check train=my/train.conll" in capsys.readouterr().out


def test_as_a_command_in_a_pipe(tmp_path):
    (tmp_path / "a").write_text(BAD)
    command = [sys.executable, "-m", "grunlp.data", "check", str(tmp_path / "a")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"FORCE_COLOR": "1"})
    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""


def test_quantile():
    lengths = Counter({9: 5, 2: 45, 1: 50})
    assert [length_quantile(lengths, share) for share in (0.5, 0.51, 0.95, 0.96, 1.0)] == [1, 2, 2, 9, 9]
    assert length_quantile(Counter(), 0.5) == 0


def test_reading_imports_nothing_heavy():
    code = "import grunlp.data.readers, grunlp.data.validation, sys; "
    code += "print({'torch', 'datasets', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


@pytest.mark.realdata
def test_propbank_ewt(check, data_root):
    folder = data_root / "propbank-ewt"
    status, lines, _ = check(*(f"{split}={folder}/{split}.conll.gz" for split in ("train", "dev", "test")))
    assert status == 0
    assert "sentences  12,520  1,966  2,058" in lines
    assert "ARG1  26,869  3,248  3,170" in lines


def test_parts_of_speech_without_a_predicate_are_for_tagging(check):
    rows = "".join(f"{i}\tw\t_\t{tag}\t_\t_\t{i - 1}\t_\t_\t_\n" for i, tag in enumerate(("NOUN", "VERB", "NOUN"), 1))
    status, lines, _ = check("a", a=rows)
    remark = next(line for line in lines if "no predicate is marked" in line)
    assert status == 0 and "recipe=tag data=srl-files" in remark and "NOUN (2), VERB (1)" in remark


@pytest.mark.parametrize("outside", ["-", "O"])
def test_span_tags_besides_hyphens_are_no_predicates(check, outside):
    text = f"Anna -\n\nEU B-ORG\nhas {outside}\nleft {outside}\n\nhe -\nsat -\n".replace(" -", f" {outside}")
    status, lines, _ = check("a", a=text)
    assert status == 0 and "a: a (tagged words)" in lines and not any("predicate" in line for line in lines)


def test_swapped_columns_are_an_error(check):
    rows = "".join(f"{tag}\tw{i}{tag}\n\n" for i in range(6) for tag in ("N", "V"))
    status, lines, _ = check("a", a=rows)
    assert status == 1 and any("12 tags for 2 words: are the columns swapped?" in line for line in lines)
