"""Tokenizers of pretrained encoders in run folders: hostile ones are refused at once, all others split as before."""

import base64
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from grunlp.data.encoder_tokenizer import check_tokenizer
from grunlp.data.wordpiece_alignment import WordpieceAligner
from grunlp.tasks import task_of
from grunlp.utils.errors import DataError, UserError

FORMATS = Path(__file__).parents[1] / "formats/1"
TEXTS = ["The cat sees a Dog , naïve café .", "don't stop 12 ``quoted'' İ ﷺ", "Über 東京 hello</s> x" + "y" * 300]


def replace(pattern: str, content: str, kind: str = "String") -> dict[str, Any]:
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def sequence(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": list(parts)}


def charsmap(replacement: bytes, trie: bytes = b"trie") -> dict[str, Any]:
    table = len(trie).to_bytes(4, "little") + trie + replacement + b"\0"
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


def trie_of(character: str) -> bytes:
    """A double array that has one key, with the replacement at 0."""
    units, position = [0] * 1024, 0
    for number, byte in enumerate(character.encode()):
        base = 256 * (number + 1)  # the children of a unit are at its position, XOR its offset, XOR their byte
        units[position] |= (position ^ base) << 10
        position = base ^ byte
        units[position] = byte
    units[position] |= (1 << 8) | (position ^ 1023) << 10
    units[1023] = 1 << 31
    return b"".join(unit.to_bytes(4, "little") for unit in units)


SPLIT = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
TEXT = {"Sequence": {"id": "A", "type_id": 0}}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
WORDPIECE = {"type": "WordPiece", "unk_token": "u", "max_input_chars_per_word": 100, "vocab": {"u": 0}}
TEMPLATE = {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 1000, "pair": []}


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """The import of the library takes seconds, which are not measured."""
    task_of(FORMATS / "encoder").load_trained(FORMATS / "encoder")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("normalizer", replace("a", "a" * 10**6), "longer than its pattern"),
        ("normalizer", sequence(*[replace("a", "aa")] * 15), "longer than its pattern"),
        ("normalizer", replace("", "a"), "longer than its pattern"),
        ("normalizer", replace("(a+)+$", "b", "Regex"), "not a known one"),
        ("normalizer", replace("a*", "b", "Regex"), "not a known one"),
        ("normalizer", replace(" {2,}", "bb", "Regex"), "longer than its pattern"),
        ("normalizer", {**replace("a", "b"), "pattern": {"String": "a", "Regex": "b"}}, "not a tokenizer"),
        ("normalizer", sequence(*[{"type": "ByteLevel"}] * 2), "2 parts of the type ByteLevel"),
        ("normalizer", sequence(sequence({"type": "NFKD"}), {"type": "NFKD"}), "2 parts of the type NFKD"),
        ("normalizer", sequence(*[replace("a", "b")] * 17), "more than 16 normalizers"),
        ("normalizer", {"type": "Prepend", "prepend": "a" * 10**6}, "long text before"),
        ("normalizer", charsmap(b"x" * 10**6), "replaces a character by a long text"),
        ("normalizer", charsmap("\ufdfa".encode() * 3), "replaces a character by a long text"),
        ("normalizer", sequence({"type": "NFKD"}, charsmap(b"x" * 64, trie_of("\u0644"))), "U[+]FDFA by 333 char"),
        ("normalizer", {"type": "Precompiled", "precompiled_charsmap": "*"}, "not a tokenizer of an encoder"),
        ("normalizer", {"type": "Unheard"}, "is not one of"),
        ("normalizer", [], "not a tokenizer of an encoder"),
        ("normalizer", {"type": "Sequence", "normalizers": 3}, "not a tokenizer of an encoder"),
        ("pre_tokenizer", SPLIT, "'Split' is not one of"),
        ("pre_tokenizer", {"type": "Sequence", "pretokenizers": [SPLIT]}, "'Split' is not one of"),
        ("post_processor", TEMPLATE, "post_processor is too long"),
        ("post_processor", {"type": "Sequence", "processors": [TEMPLATE]}, "post_processor is too long"),
        (
            "post_processor",
            {"type": "TemplateProcessing", "single": [TEXT] * 2, "pair": [], "special_tokens": {}},
            "a text more than once",
        ),
        (
            "post_processor",
            {"type": "TemplateProcessing", "single": [TEXT], "pair": [TEXT] * 2, "special_tokens": {}},
            "a text more than once",
        ),
        ("added_tokens", [{"content": "a" * 10**6}], "added token is too long"),
        ("added_tokens", [{"content": "a" * 1000}] * 20_000, "added tokens have 20000000 bytes together"),
        ("added_tokens", [{"content": "\u00e9" * 1000}] * 600, "added tokens have 1200000 bytes together"),
        ("added_tokens", [{"content": "a"}] * 10**5, "too many added tokens"),
        ("added_tokens", None, "not a tokenizer of an encoder"),
        ("model", {"type": "Unheard"}, "its model is of the type"),
        ("model", {"type": "BPE", "dropout": 0.5, "vocab": {}, "merges": []}, "at random"),
        ("model", {"type": "BPE", "vocab": {"a": 0}, "merges": [["x", "y"]]}, "not a tokenizer of an encoder"),
        ("model", {"type": "WordPiece", "max_input_chars_per_word": 10**9, "vocab": {}}, "max_input_chars_per_word"),
        ("model", {"type": "Unigram", "unk_id": 7, "vocab": []}, "not a tokenizer of an encoder"),
        ("model", {**WORDPIECE, "continuing_subword_prefix": "#" * 17}, "continuing_subword_prefix is too long"),
        ("model", {"type": "BPE", "end_of_word_suffix": "#" * 10**6}, "end_of_word_suffix is too long"),
        (
            "model",
            {"type": "Unigram", "unk_id": 0, "vocab": [["a" * length, -1.0] for length in range(1, 2000)]},
            "a piece of 1999 characters",
        ),
        ("model", None, "not a tokenizer of an encoder"),
    ],
)
def test_hostile_tokenizers_are_refused_at_once(tmp_path: Path, key: str, value: Any, message: str) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder/tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    started = time.process_time()
    with pytest.raises(UserError, match=message):
        task_of(run).load_trained(run)
    assert time.process_time() - started < 2


def test_a_compiled_table_that_replaces_little_is_used(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder/tokenizer.json"
    content = json.loads(file.read_text())
    parts = {"normalizer": sequence({"type": "NFKD"}, charsmap(b"cat", trie_of("\u0644")))}
    file.write_text(json.dumps(content | parts))
    split = WordpieceAligner.from_run(run / "encoder", 32).split
    assert split(["\u0644"]) == split(["cat"])


def test_bytes_become_characters_only_once(tmp_path: Path) -> None:
    """A character of Arabic that NFKC replaces by 18 would become 66."""
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder/tokenizer.json"
    parts = {"normalizer": sequence({"type": "NFKC"}, {"type": "ByteLevel"}), "pre_tokenizer": BYTES}
    file.write_text(json.dumps(json.loads(file.read_text()) | parts))
    with pytest.raises(DataError, match="2 parts of the type ByteLevel"):
        WordpieceAligner.from_run(run / "encoder", 32)


@pytest.mark.slow
def test_the_largest_tokenizers_are_loaded_and_used_in_bounded_time(tmp_path: Path) -> None:
    """Each has the most of what is allowed, and reads the longest text that a server accepts."""
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder/tokenizer.json"
    content = json.loads(file.read_text())
    token = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    added = [{"id": 100 + number, "content": f"{number:04}" + "q" * 996, **token} for number in range(1048)]
    pieces = [["u", 0.0], *(["a" * length, -1.0] for length in range(1, 129))]
    unigram = {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"added_tokens": added}, "q"),
        ({"model": unigram, "added_tokens": [], "post_processor": None}, "a"),
        ({"normalizer": {"type": "NFKC"}, "pre_tokenizer": BYTES}, "\ufdfa"),
    ]
    for parts, character in cases:
        file.write_text(json.dumps(content | parts))
        started = time.process_time()
        WordpieceAligner.from_run(run / "encoder", 32).split([character * 25_000])
        assert time.process_time() - started < 4, parts.keys()


@pytest.mark.parametrize("content", [[], {}, None, "text", 3, {"normalizer": None}])
def test_other_content_is_no_tokenizer(content: Any) -> None:
    with pytest.raises(DataError, match="not a tokenizer of an encoder"):
        check_tokenizer(Path("tokenizer.json"), content)


def test_padding_truncation_and_decoder_are_not_built(tmp_path: Path) -> None:
    """Padding may ask for gigabytes; a decoder may have any regular expression. Neither is needed."""
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    before = WordpieceAligner.from_run(run / "encoder", 32).split(["cat", "see"])
    file = run / "encoder/tokenizer.json"
    padding = {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    padding |= {"pad_type_id": 0, "pad_token": "[PAD]"}
    decoder = {"type": "Replace", "pattern": {"Regex": "((((("}, "content": "a" * 100}
    file.write_text(json.dumps(json.loads(file.read_text()) | {"padding": padding, "decoder": decoder}))
    assert WordpieceAligner.from_run(run / "encoder", 32).split(["cat", "see"]) == before


def test_a_panic_of_the_library_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no Exception, and would end the thread that predicts."""
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    aligner = WordpieceAligner.from_run(run / "encoder", 32)

    def panic(*arguments: Any, **options: Any) -> None:
        raise type("PanicException", (BaseException,), {})("a panic")

    monkeypatch.setattr(aligner, "tokenizer", panic)
    with pytest.raises(DataError, match=r"its tokenizer failed\na panic"):
        aligner.split(["cat"])


def _vocabulary(model: Any, trainer: Any, pre_tokenizer: Any) -> dict[str, Any]:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(TEXTS, trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return content


def _byte_level(name: str) -> Any:
    import transformers

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    model = _vocabulary(models.BPE(), trainer, pre_tokenizers.ByteLevel())
    merges = [tuple(pair) for pair in model["merges"]]
    return getattr(transformers, name)(vocab=model["vocab"], merges=merges)


def _unigram(name: str) -> Any:
    import transformers

    marks = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=90, special_tokens=marks, unk_token="<unk>", show_progress=False)
    model = _vocabulary(models.Unigram(), trainer, pre_tokenizers.Metaspace())
    return getattr(transformers, name)(vocab=[tuple(pair) for pair in model["vocab"]])


def _wordpiece(name: str, **options: Any) -> Any:
    import transformers

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=marks, show_progress=False)
    model = _vocabulary(models.WordPiece(unk_token="[UNK]"), trainer, pre_tokenizers.BertPreTokenizer())
    return getattr(transformers, name)(vocab=model["vocab"], **options)


@pytest.mark.parametrize(
    ("model_type", "make"),
    [
        ("bert", lambda: _wordpiece("BertTokenizer")),
        ("bert", lambda: _wordpiece("BertTokenizer", do_lower_case=False)),
        ("mpnet", lambda: _wordpiece("MPNetTokenizer")),
        ("roberta", lambda: _byte_level("RobertaTokenizer")),
        ("xlm-roberta", lambda: _unigram("XLMRobertaTokenizer")),
        ("camembert", lambda: _unigram("CamembertTokenizer")),
        ("deberta-v2", lambda: _unigram("DebertaV2Tokenizer")),
    ],
)
def test_a_run_splits_words_as_its_training_did(tmp_path: Path, model_type: str, make: Callable[[], Any]) -> None:
    source, run = tmp_path / "source", tmp_path / "run"
    run.mkdir()
    make().save_pretrained(source)
    for folder in (source, run):
        (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    trained = WordpieceAligner.from_pretrained(str(source), 32)
    trained.save(run)
    loaded = WordpieceAligner.from_run(run, 32)
    assert [loaded.split(text.split()) for text in TEXTS] == [trained.split(text.split()) for text in TEXTS]
    assert (loaded.pad_token_id, loaded.max_length) == (trained.pad_token_id, trained.max_length)
