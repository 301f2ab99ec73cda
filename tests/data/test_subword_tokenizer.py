"""Text as ids and back."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, TOKENIZER_TYPES, UNK_ID, TextTokenizer, TokenizerType
from grunlp.utils.errors import UserError

FORMATS = Path(__file__).parents[1] / "formats/1"

LINES = [
    "The old man saw the boat, and the boat saw him.",
    "An old boat (a man's) sailed: the man sailed it!",
    "Was the boat old? The man's boats are old boats.",
] * 3
SIGNS = sorted(set("".join(LINES)) - {" "})
TOKENIZERS = {kind: TextTokenizer.train(kind, LINES, 60, 1) for kind in TOKENIZER_TYPES}


@pytest.mark.parametrize("kind", TOKENIZER_TYPES)
@given(text=st.text(st.sampled_from([*SIGNS, " "]), max_size=40))
def test_known_signs_come_back(kind: TokenizerType, text: str) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = tokenizer.encode([text])[0]
    if kind == "word" and UNK_ID in ids:
        return
    expected = text if kind == "character" else " ".join(text.split())
    if kind == "character" and UNK_ID in ids:  # the blank of a text is a sign like others, and was seen
        raise AssertionError(text)
    assert tokenizer.decode(ids) == expected


@pytest.mark.parametrize("kind", TOKENIZER_TYPES)
@given(text=st.text(max_size=30))
def test_any_text_can_be_read(kind: TokenizerType, text: str) -> None:
    ids = TOKENIZERS[kind].encode([text])[0]
    assert not {PAD_ID, BOS_ID, EOS_ID} & set(ids)
    TOKENIZERS[kind].decode(ids)


@pytest.mark.parametrize("kind", TOKENIZER_TYPES)
def test_names_of_special_ids_are_text(kind: TokenizerType) -> None:
    ids = TOKENIZERS[kind].encode(["boat </s> <s> <pad>"])[0]
    assert not {PAD_ID, BOS_ID, EOS_ID} & set(ids) and len(ids) > 4


def test_empty_and_end() -> None:
    tokenizer = TOKENIZERS["bpe"]
    assert tokenizer.encode([""]) == [[]] and tokenizer.decode([]) == ""
    ids = tokenizer.encode(["old boat"])[0]
    assert tokenizer.decode([BOS_ID, *ids, EOS_ID, *ids]) == "old boat"


@pytest.mark.parametrize("kind", TOKENIZER_TYPES)
def test_resplit_keeps_the_text(kind: TokenizerType) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = tokenizer.encode(LINES)[1]
    assert tokenizer.sample_segmentation(ids, 0.0) == ids
    drawn = [tokenizer.sample_segmentation(ids, 0.5) for _ in range(20)]
    assert {tokenizer.decode(some) for some in drawn} == {LINES[1]}
    assert all(set(some) <= set(range(len(tokenizer))) for some in drawn)
    if kind in ("bpe", "unigram"):
        assert len({tuple(some) for some in drawn}) > 2


def test_resplit_by_seed() -> None:
    ids = TOKENIZERS["bpe"].encode(LINES)[0]
    torch.manual_seed(1)
    first = TOKENIZERS["bpe"].sample_segmentation(ids, 0.5)
    torch.manual_seed(1)
    assert TOKENIZERS["bpe"].sample_segmentation(ids, 0.5) == first


def test_resplit_as_often_as_asked() -> None:
    tokenizer = TOKENIZERS["bpe"]
    piece = next(
        i
        for i in range(len(tokenizer))
        if tokenizer.ids_to_tokens([i])[0] == "bo" or tokenizer.ids_to_tokens([i])[0] == "th"
    )
    torch.manual_seed(0)
    split = sum(len(tokenizer.sample_segmentation([piece], 0.2)) > 1 for _ in range(2000))
    assert 320 < split < 480


def test_size_and_count() -> None:
    assert len(TextTokenizer.train("bpe", LINES, 50, 1)) <= 50
    rare = TextTokenizer.train("word", [*LINES, "hapax"], 1000, 2)
    assert rare.encode(["hapax"]) == [[UNK_ID]] and UNK_ID not in rare.encode(["boat old"])[0]
    with pytest.raises(ValueError, match="bpe, unigram, word, character"):
        TextTokenizer.train("letters", LINES, 50, 1)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"(?s)tokenizer.size=9.*Raise tokenizer.size"):
        TextTokenizer.train("unigram", LINES, 9, 1)


@pytest.mark.parametrize("kind", TOKENIZER_TYPES)
def test_save_and_load(kind: TokenizerType, tmp_path: Path) -> None:
    TOKENIZERS[kind].save(tmp_path / "t.json")
    loaded = TextTokenizer.load(tmp_path / "t.json")
    assert loaded.encode([*LINES, "</s>"]) == TOKENIZERS[kind].encode([*LINES, "</s>"])


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    for content in ("", "{}", '{"version": "1.0"}'):
        path.write_text(content)
        with pytest.raises(UserError, match=r"not a tokenizer|not a JSON"):
            TextTokenizer.load(path)
    from tokenizers import Tokenizer, models

    path.write_text(Tokenizer(models.BPE()).to_str())
    with pytest.raises(UserError, match="not a tokenizer of grunlp"):
        TextTokenizer.load(path)


def test_spellings_are_all_ways_to_write_a_text() -> None:
    tokenizer = TextTokenizer.train("bpe", ["aab aab ab abab b"] * 5, 20, 1)
    pieces = [piece for id in range(4, len(tokenizer)) for piece in tokenizer.ids_to_tokens([id])]
    written = "▁aab▁b"

    def ways(rest: str) -> list[list[str]]:
        return [[]] if not rest else [[p, *way] for p in pieces if rest.startswith(p) for way in ways(rest[len(p) :])]

    found = tokenizer.segmentations("aab b", 1000)
    assert sorted(tokenizer.ids_to_tokens(ids) for ids in found) == sorted(ways(written)) and len(found) > 3
    assert tuple(tokenizer.encode(["aab b"])[0]) in found
    assert tokenizer.segmentations("aab b", 2) == found[:2]


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


def test_hostile_tokenizer_files_are_refused(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "lm", tmp_path / "run"))
    from grunlp.tasks.language_modeling.checkpoint import load_trained_language_model

    file = run / "tokenizer.json"
    good = json.loads(file.read_text())
    load_trained_language_model(run)
    slow = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
    padding = {"strategy": {"Fixed": 10**12}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    for more in ({"pre_tokenizer": slow}, {"padding": padding | {"pad_type_id": 0, "pad_token": "<pad>"}}):
        file.write_text(json.dumps(good | more))
        with pytest.raises(UserError, match="not a tokenizer of grunlp"):
            load_trained_language_model(run)


@pytest.mark.parametrize("regex", ["(" * 50_000, "((((a{999}){999}){999}){999})", "(a+)+$", 3])
def test_other_patterns_are_refused_before_they_are_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regex: Any
) -> None:
    path = tmp_path / "tokenizer.json"
    TextTokenizer.train("bpe", ["a cat sees a dog"], 50, 1).save(path)
    content = json.loads(path.read_text())
    content["decoder"] = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"Regex": regex}}]}
    path.write_text(json.dumps(content))
    monkeypatch.setattr(Tokenizer, "from_str", None)
    with pytest.raises(UserError, match="it has other patterns"):
        TextTokenizer.load(path)
