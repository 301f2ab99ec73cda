"""Every word has a place among the sub-words, however long the sentence."""

import json
from pathlib import Path

import pytest

from grunlp.data.wordpiece_alignment import WordpieceAligner
from grunlp.utils.errors import UserError
from tests.tiny_encoder import save_tiny_encoder


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> WordpieceAligner:
    return WordpieceAligner.from_pretrained(save_tiny_encoder(tmp_path_factory.mktemp("encoder")), max_length=12)


def spelled(pieces: WordpieceAligner, words: list[str]) -> list[str]:
    """The piece at the place of each word."""
    windows, places = pieces.split(words)
    assert all(len(window) <= 12 for window in windows)
    return [pieces.tokenizer.convert_ids_to_tokens(windows[window][place]) for window, place in places]


def test_the_first_piece_of_each_word(pieces: WordpieceAligner) -> None:
    assert spelled(pieces, ["Anna", "sees", "."]) == ["a", "see", "."]
    windows, _ = pieces.split(["sees"])
    assert pieces.tokenizer.convert_ids_to_tokens(windows[0]) == ["[CLS]", "see", "##s", "[SEP]"]


def test_words_without_pieces_stand_at_the_mark(pieces: WordpieceAligner) -> None:
    assert spelled(pieces, ["a", "\x01", "b"]) == ["a", "[CLS]", "b"]


def test_long_sentences_are_read_in_windows_of_whole_words(pieces: WordpieceAligner) -> None:
    words = [c * (1 + i % 4) for i, c in enumerate("abcdefghijklmnopqrstuvwxyz")]
    assert spelled(pieces, words) == list("abcdefghijklmnopqrstuvwxyz")
    windows, _ = pieces.split(words)
    assert len(windows) > 3
    inside = [piece for window in windows for piece in pieces.tokenizer.convert_ids_to_tokens(window)[1:-1]]
    assert "".join(piece.removeprefix("##") for piece in inside) == "".join(words), "nothing is lost or read twice"


def test_a_word_longer_than_a_window(pieces: WordpieceAligner) -> None:
    assert spelled(pieces, ["a", "b" * 40, "c", "d" * 100]) == ["a", "b", "c", "[UNK]"]


def test_nothing(pieces: WordpieceAligner) -> None:
    assert pieces.split([]) == ([], [])


def test_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no tokenizer|not a tokenizer"):
        WordpieceAligner.from_pretrained(str(tmp_path), 12)


def test_nothing_is_set_when_threads_share_it(tmp_path: Path) -> None:
    save_tiny_encoder(tmp_path)
    file = tmp_path / "tokenizer.json"
    settings = json.loads(file.read_text())
    settings["truncation"] = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
    file.write_text(json.dumps(settings))
    pieces = WordpieceAligner.from_pretrained(str(tmp_path), 32)
    assert pieces.tokenizer.backend_tokenizer.truncation is None
    assert len(pieces.split(["see"] * 20).windows[0]) == 22
