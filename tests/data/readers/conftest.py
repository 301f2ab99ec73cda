"""One hand-made text in every format, and a way to write it to a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grunlp.data.readers import read
from grunlp.utils.errors import DataError

# "Anna forgot to call ." with two predicates, then "Yes ." with none.
SAMPLES = {
    "columns": """\
# doc = letters/0001
# sent = letters-0001-01
1\tAnna\tNNP\t_\t_\t(ARG0*)\t*
2\tforgot\tVBD\tforget\tforget.01\t(V*)\t*
3\tto\tTO\t_\t_\t(ARG1*\t*
4\tcall\tVB\tcall\tcall.02\t*)\t(V*)
5\t.\t.\t_\t_\t*\t*

# doc = letters/0001
# sent = letters-0001-02
1\tYes\tUH\t_\t_
2\t.\t.\t_\t_

""",
    "conll2005": """\
Anna     -        (ARG0*)  *
forgot   forget   (V*)     *
to       -        (ARG1*   *
call     call     *)       (V*)
.        -        *        *

Yes  -
.    -
""",
    "conll2012": """\
#begin document (letters/0001); part 000
letters/0001  0  0  Anna    NNP  (TOP(S(NP*)  -       -   -  -  (PERSON)  (ARG0*)  *     (0)
letters/0001  0  1  forgot  VBD  (VP*         forget  01  1  -  *         (V*)     *     -
letters/0001  0  2  to      TO   (S(VP*       -       -   -  -  *         (ARG1*   *     -
letters/0001  0  3  call    VB   (VP*))))     call    02  2  -  *         *)       (V*)  -
letters/0001  0  4  .       .    *))          -       -   -  -  *         *        *     -

letters/0001  0  0  Yes     UH   (TOP(INTJ*   -       -   -  -  *         -
letters/0001  0  1  .       .    *))          -       -   -  -  *         -

#end document
""".replace("(PERSON)", "(PERSON*)"),
    "conllu": """\
# newdoc id = letters/0001
# sent_id = letters-0001-01
1\tAnna\tAnna\tPROPN\tNNP\t_\t2\tnsubj\t_\t_\t_\tARG0\t_
2\tforgot\tforget\tVERB\tVBD\t_\t0\troot\t_\t_\tforget.01\tV\t_
3\tto\tto\tPART\tTO\t_\t4\tmark\t_\t_\t_\t_\t_
4\tcall\tcall\tVERB\tVB\t_\t2\txcomp\t_\t_\tcall.02\tARG1\tV
5\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_\t_\t_\t_

# sent_id = letters-0001-02
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_\t_\t_
2\t.\t.\tPUNCT\t.\t_\t1\tpunct\t_\t_\t_\t_

""",
    "words-tags": """\
1 Anna forgot to call . ||| B-ARG0 B-V B-ARG1 I-ARG1 O
3 Anna forgot to call . ||| O O O B-V O
Yes . ||| O O
""",
    "json-flat": """\
{"words": ["Anna", "forgot", "to", "call", "."], "tags": ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "O"]}
{"tokens": ["Anna", "forgot", "to", "call", "."], "tags": ["O", "O", "O", "B-V", "O"], "predicate_index": 3}
{"words": ["Yes", "."], "tags": ["O", "O"]}
""",
    "json-lines": """\
{"id": "letters-0001-01", "document": "letters/0001", "words": ["Anna", "forgot", "to", "call", "."], "frames": \
[{"index": 1, "roleset": "forget.01", "lemma": "forget", "tags": ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "O"]}, \
{"index": 3, "tags": ["O", "O", "O", "B-V", "O"]}]}
{"words": ["Yes", "."]}
""",
}
"""Format name → the text in it."""


@pytest.fixture(scope="session")
def samples() -> dict[str, str]:
    return SAMPLES


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a text to a file and return its path."""

    def to_file(text: str, name: str = "file") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return to_file


@pytest.fixture
def fault(write: Callable[[str], Path]) -> Callable[..., tuple[int | None, str]]:
    """Read a text and return line and problem of the one fault it must have; the message must name file and line."""

    def of_text(text: str, format: str | None = None) -> tuple[int | None, str]:
        path = write(text)
        with pytest.raises(DataError) as caught:
            list(read(path, format))
        error = caught.value
        assert str(error).startswith(f"{path}:{error.line}: " if error.line else f"{path}: ")
        assert error.details and error.hint
        return error.line, error.reason

    return of_text
