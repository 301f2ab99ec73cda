"""Alignment of PropBank roles with the words of the English Web Treebank.

propbank-release has roles, part-of-speech tags and trees, with its words hidden; UD_English-EWT has words and tags,
corrected since the roles were annotated, so that some words are split, joined or tagged differently. Both contain the
same documents with their sentences in the same order. The rule for joining one document:

1. Align the sequence of all tags in the UD file with that in the PropBank file by Python's `difflib.SequenceMatcher`
   (`autojunk=False`), ignoring sentence ends.
2. Words in an equal run correspond one to one, and so do words in a replaced run of equal length on both sides.
3. A PropBank sentence whose tokens all correspond to consecutive words takes their forms and tags; any other is
   dropped. It is named after the UD sentence of its first word.
"""

from collections import Counter
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.tags import brackets_to_tags
from grunlp.utils.errors import DataError, UserError

SPLITS = ("train", "dev", "test")


class UDWord(NamedTuple):
    """A word of a UD document."""

    form: str
    pos: str
    sentence_id: str


class JoinResult(NamedTuple):
    """The three splits, and the number of PropBank sentences and predicates that could not be joined, by reason."""

    splits: dict[str, list[SRLExample]]
    drop_counts: Counter[str]


def join_ewt(ud: Mapping[str, bytes], propbank: Mapping[str, bytes]) -> JoinResult:
    """Join the examples of train, dev and test, with documents sorted by name.

    Args:
        ud: `not-to-release/sources/<genre>/<document>.conllu`, CoNLL-U.
        propbank: `data/google/ewt/<genre>/00/<document>.gold_skel`, one token a line, and `docs/evaluation/ewt.*.txt`,
            the documents of each split. A document in no list is left out.

    Raises:
        UserError: a split list or the UD file of a document is missing.
        DataError: a line has an unexpected form.
    """
    joined = JoinResult({}, Counter())
    for split in SPLITS:
        joined.splits[split] = examples = []
        for document in sorted(_split_documents(propbank, split)):
            skeleton_path = f"data/google/ewt/{document}.gold_skel"
            if skeleton_path not in propbank:  # some listed documents were never annotated
                continue
            genre, _, name = document.split("/")
            ud_path = f"not-to-release/sources/{genre}/{name}.conllu"
            if ud_path not in ud:
                raise UserError(f"no words for {document}", f"Expected {ud_path} in UD_English-EWT.")
            words = read_words(ud[ud_path].decode(), ud_path)
            try:
                sentences = read_skel_file(propbank[skeleton_path].decode())
                examples += join_document(document, words, sentences, joined.drop_counts)
            except (IndexError, ValueError) as error:
                raise DataError(
                    skeleton_path,
                    None,
                    f"a row has an unexpected form: {error}",
                    "Expected 8 columns and one for each predicate.",
                ) from error
    return joined


def read_words(text: str, path: str) -> list[UDWord]:
    """Return the words of a CoNLL-U text; ranges (`3-4`) and empty words (`3.1`) are left out."""
    words, sentence = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# sent_id = "):
            sentence = line.removeprefix("# sent_id = ")
        elif line and not line.startswith("#"):
            cells = line.split("\t")
            if len(cells) != 10:
                raise DataError(path, number, f"{len(cells)} columns", "Expected the 10 columns of CoNLL-U.")
            if cells[0].isdecimal():
                words.append(UDWord(cells[1], cells[4], sentence))
    return words


def read_skel_file(text: str) -> list[list[list[str]]]:
    """Yield sentences as rows of document, sentence, token, form, pos, tree, lemma, roleset and a cell a predicate."""
    blocks = text.strip().split("\n\n")
    return [[line.split() for line in block.splitlines()] for block in blocks]


def join_document(
    document: str, words: list[UDWord], sentences: list[list[list[str]]], drop_counts: Counter[str]
) -> list[SRLExample]:
    """Return the sentences of one document that can be joined; count the others in `drop_counts`."""
    partner = _align([word.pos for word in words], [row[4] for rows in sentences for row in rows])
    examples, end = [], 0
    for rows in sentences:
        start, end = end, end + len(rows)
        indices = [partner.get(i) for i in range(start, end)]
        first = indices[0]
        if first is not None and indices == list(range(first, first + len(rows))):
            examples.append(_example(document, words[first : first + len(rows)], rows))
        else:
            drop_counts["sentences"] += 1
            drop_counts["predicates"] += len(rows[0]) - 8
    return examples


def _align(ud_tags: list[str], tags: list[str]) -> dict[int, int]:
    """Return the index of the aligned word of each token that has one."""
    partner: dict[int, int] = {}
    for kind, ud_start, ud_end, start, end in SequenceMatcher(None, ud_tags, tags, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and ud_end - ud_start == end - start):
            partner.update(zip(range(start, end), range(ud_start, ud_end), strict=True))
    return partner


def _example(document: str, words: list[UDWord], rows: list[list[str]]) -> SRLExample:
    predicates = [i for i, row in enumerate(rows) if row[7] != "-"]
    columns = list(zip(*(row[8:] for row in rows), strict=True))
    frames = [
        Frame(index=i, lemma=rows[i][6], roleset=rows[i][7], tags=brackets_to_tags(column))
        for i, column in zip(predicates, columns, strict=True)
    ]
    return SRLExample(
        id=words[0].sentence_id,
        document=document,
        words=[word.form for word in words],
        pos=[word.pos for word in words],
        frames=frames,
    )


def _split_documents(propbank: Mapping[str, bytes], split: str) -> set[str]:
    path = f"docs/evaluation/ewt.{split}.txt"
    if path not in propbank:
        raise UserError(f"no list of the {split} documents", f"Expected {path} in propbank-release.")
    return {line.strip().removesuffix(".conllu") for line in propbank[path].decode().splitlines() if line.strip()}
