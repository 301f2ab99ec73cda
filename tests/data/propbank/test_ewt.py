import gzip
from collections import Counter
from pathlib import Path

import pytest

from grunlp.data.propbank import build_ewt
from grunlp.data.propbank.ewt import join_ewt
from grunlp.utils.errors import DataError, UserError

SKELETON = "data/google/ewt/letters/00/anna.xml.gold_skel"
UD = "not-to-release/sources/letters/anna.xml.conllu"


def test_roles_meet_the_words(ud_files, propbank_files) -> None:
    joined = join_ewt(ud_files, propbank_files)
    assert joined.splits["dev"] == joined.splits["test"] == []
    first, last = joined.splits["train"]
    assert first == {
        "id": "letters-anna-0001",
        "document": "letters/00/anna.xml",
        "words": ["Anna", "sent", "a", "quick", "note", "."],
        "pos": ["NNP", "VBD", "DT", "JJ", "NN", "."],  # the corrected tag of "quick", from the words' side
        "frames": [
            {
                "index": 1,
                "lemma": "send",
                "roleset": "send.01",
                "tags": ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "I-ARG1", "O"],
            }
        ],
    }
    assert last["words"] == ["He", "'s", "happy", "."]  # without the range 1-2 and the empty word 3.1
    assert [(frame["index"], frame["roleset"]) for frame in last["frames"]] == [(1, "be.01"), (2, "happy.01")]


def test_a_sentence_whose_tokens_are_split_otherwise_is_dropped_alone(ud_files, propbank_files) -> None:
    joined = join_ewt(ud_files, propbank_files)
    assert [example["id"] for example in joined.splits["train"]] == ["letters-anna-0001", "letters-anna-0003"]
    assert joined.drop_counts == Counter(sentences=1, predicates=1)


def test_sentence_ends_need_not_agree(ud_files, propbank_files) -> None:
    ends = b"\n# sent_id = letters-anna-0002\n# text = Bo cannot read.\n"
    ud_files[UD] = (
        ud_files[UD]
        .replace(ends, b"")
        .replace(b"2\tcannot", b"2\tcan")
        .replace(b"3\tread", b"3\tnot\tnot\tPART\tRB\t_\t_\t_\t_\t_\n4\tread")
    )
    joined = join_ewt(ud_files, propbank_files)
    assert [example["words"] for example in joined.splits["train"]][1] == ["Bo", "can", "not", "read", "."]
    assert [example["id"] for example in joined.splits["train"]][1] == "letters-anna-0001"
    assert not joined.drop_counts


def test_documents_come_in_order_of_name(ud_files, propbank_files) -> None:
    for name in ("zoe", "abe"):
        propbank_files[SKELETON.replace("anna", name)] = propbank_files[SKELETON]
        ud_files[UD.replace("anna", name)] = ud_files[UD]
    propbank_files["docs/evaluation/ewt.train.txt"] = b"letters/00/zoe.xml\nletters/00/anna.xml.conllu\n"
    propbank_files["docs/evaluation/ewt.dev.txt"] = b"letters/00/abe.xml\n"
    splits = join_ewt(ud_files, propbank_files).splits
    assert [example["document"] for example in splits["train"]] == ["letters/00/anna.xml"] * 2 + [
        "letters/00/zoe.xml"
    ] * 2
    assert {example["document"] for example in splits["dev"]} == {"letters/00/abe.xml"}


def test_missing_files_are_named(ud_files, propbank_files) -> None:
    with pytest.raises(UserError, match=r"no words for letters/00/anna\.xml"):
        join_ewt({}, propbank_files)
    del propbank_files["docs/evaluation/ewt.dev.txt"]
    with pytest.raises(UserError, match="no list of the dev documents"):
        join_ewt(ud_files, propbank_files)


def test_broken_rows_are_named(ud_files, propbank_files) -> None:
    broken = {**propbank_files, SKELETON: propbank_files[SKELETON].replace(b"(ARG1*)", b"(ARG1*")}
    with pytest.raises(DataError, match=r"anna\.xml\.gold_skel: a row has an unexpected form"):
        join_ewt(ud_files, broken)
    ud_files[UD] = ud_files[UD].replace(b"\tSpaceAfter=No", b"")
    with pytest.raises(DataError, match=r"anna\.xml\.conllu:8: 9 columns"):
        join_ewt(ud_files, propbank_files)


@pytest.mark.realdata
def test_the_prepared_corpus_line_for_line(data_root: Path, tmp_path: Path) -> None:
    raw = data_root / "raw"
    counts = build_ewt(tmp_path, raw / "UD_English-EWT-sources.tar.xz", raw / "propbank-release-ewt.tar.xz")
    for split in ("train", "dev", "test"):
        built = gzip.decompress((tmp_path / f"{split}.conll.gz").read_bytes()).decode().split("\n")
        prepared = gzip.decompress((data_root / "propbank-ewt" / f"{split}.conll.gz").read_bytes()).decode().split("\n")
        differing = [i for i, (one, other) in enumerate(zip(built, prepared, strict=False), 1) if one != other]
        assert len(built) == len(prepared) and differing == []
    assert counts["sentences dropped: not aligned"] == 35
    assert [counts[f"{split} predicates"] for split in ("train", "dev", "test")] == [40396, 4959, 4795]
