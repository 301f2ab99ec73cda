"""Columns by number or name, any separator, documents, comments; CoNLL-U; JSON lines; and faults with their lines."""

import json
from pathlib import Path

import pytest

from grunlp.data.examples import TaggedSentence
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.tagged import (
    detect_tag_layout,
    detect_word_layout,
    layout_for_prediction,
    read_tagged,
    read_words,
)
from grunlp.utils.errors import DataError

CONLL2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP I-ORG
rejects VBZ B-VP O
# NN B-NP O

Peter NNP B-NP I-PER

-DOCSTART- -X- -X- O

Bonn NNP B-NP I-LOC
Rome NNP B-NP B-LOC
"""
CONLLU = """# newdoc id = a
# sent_id = 1
1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tdo\tdo\tAUX\tVBP\t_\t0\troot\t_\t_
2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_
2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_
"""


def read_file(path: Path, words: str | None = None, tags: str | None = None) -> list[TaggedSentence]:
    """The sentences of a file whose layout is settled by these columns."""
    return read_tagged(path, detect_tag_layout(path, FileLayout(columns={"words": words, "tags": tags})))


def write(folder: Path, text: str) -> Path:
    path = folder / "data.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_conll_2003(tmp_path: Path) -> None:
    examples = read_file(write(tmp_path, CONLL2003))
    assert [example["words"] for example in examples] == [["EU", "rejects", "#"], ["Peter"], ["Bonn", "Rome"]]
    assert [example["tags"] for example in examples] == [["B-ORG", "O", "O"], ["B-PER"], ["B-LOC", "B-LOC"]]
    assert [example["document"] for example in examples] == ["document-1", "document-1", "document-2"]
    assert [example["tags"] for example in read_file(write(tmp_path, CONLL2003), tags="1")][1] == ["NNP"]


def test_conllu_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, CONLLU)
    (example,) = read_file(path)
    assert (example["words"], example["tags"]) == (["do", "n't"], ["AUX", "PART"])
    assert read_file(path, words="lemma", tags="XPOS")[0]["words"] == ["do", "not"]
    with pytest.raises(DataError, match="did you mean UPOS"):
        read_file(path, tags="UPOZ")


@pytest.mark.parametrize("separator", ["\t", " ", "   "])
def test_a_header_names_columns(tmp_path: Path, separator: str) -> None:
    rows = [["token", "pos", "entity"], ["Anna", "NN", "S-PER"], ["#1", "NN", "O"], []]
    path = write(tmp_path, "\n".join(separator.join(row) for row in rows))
    (example,) = read_file(path, words="token", tags="entity")
    assert (example["words"], example["tags"]) == (["Anna", "#1"], ["B-PER", "O"])


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"tokens": ["in", "Rome"], "ner_tags": ["O", "U-LOC"], "document": "d"}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)))
    (example,) = read_file(path)
    assert (example["words"], example["tags"], example["document"]) == (["in", "Rome"], ["O", "B-LOC"], "d")


def test_words_that_look_like_something_else(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path, "#a=b\tO\n# x =\tO\n{\tO\n"))
    assert example["words"] == ["#a=b", "# x =", "{"], "between tabs"
    (example,) = read_file(write(tmp_path, "{ O\n# O\n"))
    assert example["words"] == ["{", "#"]
    rows = ['{"words": [], "tags": []}', '{"words": ["a"], "pos_tags": ["X"], "tags": ["O"]}']
    assert [example["tags"] for example in read_file(write(tmp_path, "\n".join(rows)))] == [["O"]]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a\tO\nb O\n", {}, "2: 1 cells; line 1 has 2, between tabs"),
        ("a O\n", {"tags": "5"}, "no column 5; line 1 has 2 columns"),
        ("a\tO\n\tO\n", {}, "2: an empty cell"),
        ("# only a comment\n", {}, "has no sentences"),
        ('{"words": ["a"], "tags": ["O", "O"]}\n', {}, "1: 2 tags; there are 1 words"),
        ('{"words": ["a"], "tags": [1]}\n', {}, "1: not a list of strings"),
        ('{"words": ["a"]}\n', {}, "no key 'tags'; its keys: words"),
        ('{"words": ["a"], "tags": ["O"]}\n[]\n', {}, "2: not a JSON object"),
        ('{"words": ["a"], \n', {}, "1: not JSON"),
        ('{"words": ["a"], "pos_tags": ["O"], "ner_tags": ["O"]}\n', {}, "several keys of tags; pos_tags, ner_tags"),
        ("a\nb\n", {}, "1: words and tags are the same column"),
        ("bird hen\na O\nb B-X\n", {}, "sentence 1: 'bird' has the tag 'hen'; the others are O"),
        ("a O\nb B-X\n\nc B\n", {}, "sentence 2: 'c' has the tag 'B'"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, columns: dict[str, str], message: str) -> None:
    with pytest.raises(DataError) as error:
        read_file(write(tmp_path, text), **columns)
    assert message in str(error.value).replace("\n", "; ")


def test_deep_json(tmp_path: Path) -> None:
    path = write(tmp_path, '{"tokens": ' + "[" * 100_000)
    with pytest.raises(DataError, match="not JSON"):
        read_file(path)


@pytest.mark.parametrize(
    ("first", "second", "other"),
    [
        ("PER-B", "PER-I", "O"),
        ("B_PER", "I_PER", "O"),
        ("B:PER", "I:PER", "O"),
        ("b-PER", "i-PER", "O"),
        ("B-PER", "I-PER", "0"),
        ("B-PER", "E-PER", "o"),
        ("B-PER", "M-PER", "O"),
        ("PER_b", "PER_e", "O"),
    ],
)
def test_other_spellings_of_span_tags(tmp_path: Path, first: str, second: str, other: str) -> None:
    path = write(tmp_path, f"Anna {first}\nBerg {second}\nsings {other}\n")
    (example,) = read_file(path)
    assert example["tags"] == ["B-PER", "I-PER", "O"]
    described = detect_tag_layout(path, FileLayout()).describe()
    assert (first[-1] not in "BE" and second == "I-PER" and other == "O") or "tags like" in described or "M" in second


def test_bmewo(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path, "Bonn W-LOC\nis O\nAnna B-PER\nvon M-PER\nBerg E-PER\n"))
    assert example["tags"] == ["B-LOC", "O", "B-PER", "I-PER", "I-PER"]


def test_plain_tags_stay(tmp_path: Path) -> None:
    text = "a B_X\nb I_X\n"
    assert read_file(write(tmp_path, text))[0]["tags"] == ["B_X", "I_X"], "no word is outside of spans"
    assert detect_tag_layout(write(tmp_path, "a NN\nb VB\n"), FileLayout()).guesses == ()


def test_bare_tags_that_could_be_spans(tmp_path: Path) -> None:
    path = write(tmp_path, "Anna PER\nBerg PER\nsees O\nBonn LOC\n")
    layout = detect_tag_layout(path, FileLayout())
    assert "data.tag_scheme=io" in layout.describe()
    assert read_tagged(path, layout)[0]["tags"] == ["PER", "PER", "O", "LOC"]
    layout = detect_tag_layout(path, FileLayout(tags="io"))
    assert read_tagged(path, layout)[0]["tags"] == ["B-PER", "I-PER", "O", "B-LOC"]


def test_a_header_of_known_names(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path, "token\tpos\tner\nAnna\tNN\tB-PER\n"))
    assert (example["words"], example["tags"]) == (["Anna"], ["B-PER"])


def test_a_json_array(tmp_path: Path) -> None:
    path = write(tmp_path, '[{"tokens": ["Anna"], "ner_tags": ["B-PER"]},\n{"tokens": ["a"], "ner_tags": ["O"]}]')
    assert [example["tags"] for example in read_file(path)] == [["B-PER"], ["O"]]


KNOWN = ["O", "B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def predicted_words(folder: Path, trained: str, new: str) -> list[list[str]] | None:
    """The words of a new file by the layout of a training file; None: it is read as another format."""
    layout = detect_tag_layout(write(folder, trained), FileLayout())
    path = folder / "new.txt"
    path.write_text(new)
    own = layout_for_prediction(path, layout, KNOWN)
    return own and [example["words"] for example in read_words(path, own)]


def test_words_are_read_as_in_the_training(tmp_path: Path) -> None:
    words = [["EU", "rejects", "#"], ["Peter"], ["Bonn", "Rome"]]
    assert predicted_words(tmp_path, CONLL2003, CONLL2003) == words
    without_tags = "\n".join(line.rpartition(" ")[0] for line in CONLL2003.split("\n"))
    assert predicted_words(tmp_path, CONLL2003, without_tags) == words
    assert predicted_words(tmp_path, CONLL2003, "EU\nrejects\n\nPeter\nsings\n") == [
        ["EU", "rejects"],
        ["Peter", "sings"],
    ]
    assert predicted_words(tmp_path, CONLL2003, "The EU rejects it.\nPeter sings.\n") is None, "running text"
    assert predicted_words(tmp_path, CONLL2003, "Peter sang old songs\n") is None, "as many words as columns"
    assert predicted_words(tmp_path, CONLLU, CONLLU) == [["do", "n't"]]
    assert predicted_words(tmp_path, '{"tokens": ["a"], "ner_tags": ["O"]}', '{"tokens": ["b", "c"]}') == [["b", "c"]]
    assert predicted_words(tmp_path, "a\tO\n", '{"words": ["b"]}') is None


def test_rows_that_fit_the_training_are_columns(tmp_path: Path) -> None:
    one_sentence = CONLL2003.split("\n\n")[1]
    assert predicted_words(tmp_path, CONLL2003, one_sentence) == [["EU", "rejects", "#"]], "one sentence alone"
    assert predicted_words(tmp_path, CONLL2003, "EU\nrejects\ntalks\n") == [["EU", "rejects", "talks"]], "words alone"
    assert predicted_words(tmp_path, CONLL2003, "EU NNP\nrejects VBZ\n") == [["EU", "rejects"]], "without tags"
    assert predicted_words(tmp_path, CONLL2003, "Bonn\n\nU.S.\n\nRome\n\nOslo\n\nParis\n") == [
        ["Bonn"], ["U.S."], ["Rome"], ["Oslo"], ["Paris"],
    ]  # fmt: skip
    assert predicted_words(tmp_path, CONLL2003, CONLLU) == [["do", "n't"]], "not the numbers of its first column"
    tabs = "word\tpos\nAnna\tNOUN\nsings\tVERB\n"
    assert predicted_words(tmp_path, tabs, "word\nAnna\nsings\n\nBonn\n") == [["Anna", "sings"], ["Bonn"]]
    assert predicted_words(tmp_path, tabs, "Anna\nsings\n") == [["Anna", "sings"]]
    in_json = '{"tokens": ["a"], "ner_tags": ["O"]}'
    assert predicted_words(tmp_path, in_json, "Anna B-PER\nsings O\n\nBonn S-LOC\n") == [["Anna", "sings"], ["Bonn"]]
    assert predicted_words(tmp_path, "a\tO\nb\tB-X\n", "Anna PER_B\nsings O\n") == [["Anna", "sings"]]


@pytest.mark.parametrize(
    "text",
    [
        "Yes.\nNo!\nWhy?\n",
        "Anna left Bonn early today.\nShe sang.\n\nNobody came to hear her.\n",
        "Peter sang .\nMary slept .\n",
        "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002\n\u6211\u4eec\u51fa\u53bb\u5427\u3002\n",
        "\u4eca\u5929\u5929\u6c14\u771f\u5f88\u597d\n\u6211\u4eec\u4e00\u8d77\u51fa\u53bb\u5427\n",
        "Roses are red,\nViolets are blue,\n\nSugar is sweet,\nSo are you.\n",
        "HELLO WORLD\nGOOD DAY\n",
        "Anna\n",
    ],
)
@pytest.mark.parametrize("trained", [CONLL2003, "a\tO\nb\tB-X\n", '{"tokens": ["a"], "ner_tags": ["O"]}'])
def test_running_text_stays_running_text(tmp_path: Path, text: str, trained: str) -> None:
    assert predicted_words(tmp_path, trained, text) is None


def test_a_tagger_without_files_reads_columns_too(tmp_path: Path) -> None:
    path = write(tmp_path, "Anna B-PER\nsings O\n")
    own = layout_for_prediction(path, None, KNOWN)
    assert own is not None and [example["words"] for example in read_words(path, own)] == [["Anna", "sings"]]
    assert layout_for_prediction(write(tmp_path, CONLLU), None, KNOWN) is None, "a format with frames"


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("rows", ["{word} NN B-NP O", "{word}\tNN\tO", "{word}\tO"])
def test_one_bad_row_is_named(tmp_path: Path, rows: str, number: int) -> None:
    lines = [rows.format(word=word) for word in ("Anna", "sees", "Bonn", "and", "loves", "Rome")]
    new = [line + (" extra" if "\t" not in line else "\textra") * (i == number) for i, line in enumerate(lines, 1)]
    with pytest.raises(DataError, match=r"new.txt:\d: \d cells"):
        predicted_words(tmp_path, "\n".join(lines), "\n".join(new))


def test_a_bad_row_of_words_alone_names_the_other_reading(tmp_path: Path) -> None:
    words = "\n".join(f"word{number}" for number in range(20)) + "\nNew York\n"
    with pytest.raises(DataError, match="21: 2 cells") as error:
        predicted_words(tmp_path, CONLL2003, words)
    assert "format=raw" in str(error.value) and "data." not in str(error.value)


def test_words_alone_are_read_where_the_user_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "Anna\n")
    layout = detect_word_layout(path, FileLayout(columns={"words": "0", "tags": "1"}))
    assert [example["words"] for example in read_words(path, layout)] == [["Anna"]]
    path = write(tmp_path, '{"words": ["Anna"]}\n')
    assert detect_word_layout(path, FileLayout()).columns == {"words": "words"}


NUMBERED = "1\tdog\tNOUN\n2\tbarks\tVERB\n\n1\tcat\tNOUN\n"


@pytest.mark.parametrize(
    "text",
    [
        "ID\tFORM\tPOS\n" + NUMBERED,
        "POS\tToken\nNOUN\tdog\nVERB\tbarks\n\nNOUN\tcat\n",
        NUMBERED,
        NUMBERED.replace("\t", " ").replace("\n1 cat", "\n3 cat"),
        "n\tx\ty\n" + NUMBERED,
    ],
)
def test_numbers_and_swapped_headers_are_not_the_words(tmp_path: Path, text: str) -> None:
    names = {"words": None, "tags": "y" if text.startswith("n") else None}
    path = write(tmp_path, text)
    layout = detect_tag_layout(path, FileLayout(columns=names))
    examples = read_tagged(path, layout)
    assert [example["words"] for example in examples] == [["dog", "barks"], ["cat"]]
    assert [example["tags"] for example in examples] == [["NOUN", "VERB"], ["NOUN"]]
    if "FORM" not in text and "Token" not in text:
        assert "data.words=COLUMN" in layout.describe()
    if not names["tags"]:
        assert predicted_words(tmp_path, text, text) == [["dog", "barks"], ["cat"]]


def test_swapped_columns_are_refused(tmp_path: Path) -> None:
    text = "".join(f"{'NOUN' if i % 2 else 'VERB'}\tword{i}\n" for i in range(12))
    with pytest.raises(DataError, match=r"12 tags for 2 words: are the columns swapped\?"):
        read_file(write(tmp_path, text))
    assert read_file(write(tmp_path, text), words="1", tags="0")[0]["tags"][0] == "VERB"
    assert read_file(write(tmp_path, text), words="0", tags="1"), "both are named"


@pytest.mark.parametrize(
    ("first", "second", "other"),
    [
        ("B/PER", "I/PER", "O"),
        ("B.PER", "I.PER", "O"),
        ("PER/B", "PER/I", "O"),
        ("B(PER)", "I(PER)", "O"),
        ("Begin-PER", "Inside-PER", "O"),
        ("BEGIN_PER", "END_PER", "Outside"),
        ("BPER", "IPER", "O"),
        *(("B-PER", "I-PER", other) for other in ("OTHER", "-", "_", "None", "none")),
        ("B_PER", "I_PER", "OTHER"),
    ],
)
def test_further_spellings_of_span_tags(tmp_path: Path, first: str, second: str, other: str) -> None:
    path = write(tmp_path, f"Anna {first}\nBerg {second}\nsings {other}\n")
    layout = detect_tag_layout(path, FileLayout())
    assert read_tagged(path, layout)[0]["tags"] == ["B-PER", "I-PER", "O"]
    assert "tags like" in layout.describe() and "tag_scheme=io" not in layout.describe()
    if other != "O" or first == "BPER":
        assert "data.tag_scheme=plain" in layout.describe()
        plain = detect_tag_layout(path, FileLayout(tags="plain"))
        assert read_tagged(path, plain)[0]["tags"] == [first, second, other]


@pytest.mark.parametrize("tags", [["BPER", "O"], ["IPER", "ILOC", "O"]])
def test_tags_that_may_be_spans_get_no_wrong_advice(tmp_path: Path, tags: list[str]) -> None:
    layout = detect_tag_layout(write(tmp_path, "".join(f"w {tag}\n" for tag in tags)), FileLayout())
    assert layout.tags is None and "tag_scheme=io" not in layout.describe() and "write B-X" in layout.describe()


def test_spans_without_a_label(tmp_path: Path) -> None:
    path = write(tmp_path, "Anna B\nBerg I\nsings O\n")
    layout = detect_tag_layout(path, FileLayout())
    assert read_tagged(path, layout)[0]["tags"] == ["B-SPAN", "I-SPAN", "O"]
    assert "label SPAN" in layout.describe() and "data.tag_scheme=plain" in layout.describe()
    assert read_file(write(tmp_path, "\u4eca B\n\u5929 E\n\u5f88 S\n"))[0]["tags"] == ["B", "E", "S"], "word boundaries"


@pytest.mark.parametrize("tags", [["NN", "-", "BE"], ["BRAND", "INGREDIENT", "O"], ["X", "_", "B-X"], ["I", "M", "O"]])
def test_tags_that_only_look_like_spans_stay(tmp_path: Path, tags: list[str]) -> None:
    assert read_file(write(tmp_path, "".join(f"w{tag} {tag}\n" for tag in tags)))[0]["tags"] == tags


def test_a_spelling_that_a_file_does_not_show_is_that_of_the_training(tmp_path: Path) -> None:
    path = write(tmp_path, "Anna BPER\nsings O\n")
    assert read_tagged(path, detect_tag_layout(path, FileLayout(tags="BPER")))[0]["tags"] == ["B-PER", "O"]
    path = write(tmp_path, "Anna NN\nsings VB\n")
    assert read_tagged(path, detect_tag_layout(path, FileLayout(tags="BPER")))[0]["tags"] == ["NN", "VB"]


def test_quoted_cells_between_tabs(tmp_path: Path) -> None:
    text = '"token"\t"ner"\n"Bob"\t"B-PER"\n"""Hi"""\t"O"\n'
    (example,) = read_file(write(tmp_path, text))
    assert (example["words"], example["tags"]) == (["Bob", '"Hi"'], ["B-PER", "O"])
    assert predicted_words(tmp_path, text, text) == [["Bob", '"Hi"']]
    assert read_file(write(tmp_path, '"\tO\n"Bob"\tB-PER\n'))[0]["words"] == ['"', '"Bob"']


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "EU,B-ORG\nsaid,O\n\nBonn,B-LOC\n"),
        ("a.CSV", 'word;tag\nEU;B-ORG\n"said";O\n;\nBonn;B-LOC\n'),
        ("a.csv", "Sentence #,Word,POS,Tag\nSentence: 1,EU,NNP,B-ORG\n,said,VBD,O\nSentence: 2,Bonn,NNP,B-LOC\n"),
        ("a.csv", "sentence_id,words,labels\n0,EU,B-ORG\n0,said,O\n1,Bonn,B-LOC\n"),
        ("a.tsv", "tag\tsentence_id\tword\nB-ORG\t7\tEU\nO\t7\tsaid\nB-LOC\t8\tBonn\n"),
    ],
)
def test_tables_with_commas_and_columns_that_name_the_sentence(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    layout = detect_tag_layout(path, FileLayout())
    examples = read_tagged(path, layout)
    assert [example["words"] for example in examples] == [["EU", "said"], ["Bonn"]]
    assert [example["tags"] for example in examples] == [["B-ORG", "O"], ["B-LOC"]]
    own = layout_for_prediction(path, layout, KNOWN)
    assert own and [example["words"] for example in read_words(path, own)] == [["EU", "said"], ["Bonn"]]


def test_commas_in_other_files_are_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ends in \.csv: rename it"):
        read_file(write(tmp_path, "EU,B-ORG\nsaid,O\n"))


def test_advice_names_no_option_of_trainings_alone(tmp_path: Path) -> None:
    path = write(tmp_path, '{"words": ["a"], "tags": ["O"]}\n')
    with pytest.raises(DataError, match="rename the key of the words to 'tokens', or, in a training"):
        read_file(path, words="tokens")


def test_texts_are_not_words(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nA fine book,pos\nA dull book,neg\nWe slept,neg\n")
    with pytest.raises(DataError, match="most words have blanks") as error:
        read_file(tmp_path / "a.csv")
    assert "recipe=classify" in str(error.value)


def test_numbers_of_any_length_are_read_as_cells(tmp_path: Path) -> None:
    rows = "".join(f"{number}\tdog\tNOUN\n" for number in ("1", "9" * 5000))
    (tmp_path / "a.txt").write_text(rows)
    layout = detect_tag_layout(tmp_path / "a.txt", FileLayout())
    assert layout.column("words") == "0"
