"""Alignment of words with the sub-words of a pretrained encoder."""

import json
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.encoder_files import load_encoder_config, load_special_tokens, strip_file_references
from grunlp.data.encoder_tokenizer import check_growth, check_tokenizer
from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import UserError
from grunlp.utils.loading_lock import one_at_a_time
from grunlp.utils.safe_load import read_json


class AlignedSubwords(NamedTuple):
    """The sub-words of a sentence.

    Attributes:
        windows: ids with the special tokens at both ends; one list unless the sentence is longer than the encoder can
            read.
        first_subword: window and position of the first sub-word of each word. For a word without sub-words (such as a
            control character), and for the part of a single word that exceeds one window, it is the first special token
            of the window.
    """

    windows: list[list[int]]
    first_subword: list[tuple[int, int]]


class WordpieceAligner:
    """The tokenizer of a pretrained encoder.

    Args:
        source: the name of the encoder, for errors.
        tokenizer: its tokenizer, of the library transformers.
        max_length: number of sub-words the encoder can read at once, special tokens included.

    Raises:
        UserError: the tokenizer does not align sub-words with words.
    """

    def __init__(self, source: str, tokenizer: Any, max_length: int) -> None:
        if not tokenizer.is_fast:
            details = "only those of the library tokenizers know which word a sub-word belongs to"
            raise UserError(f"{source}: only a slow tokenizer is available", details, "Type another model.encoder=")
        self.source, self.tokenizer = source, tokenizer
        self.pad_token_id: int = self.tokenizer.pad_token_id or 0
        self.max_length = max_length - self.tokenizer.num_special_tokens_to_add()
        # disables the truncation set in the file; done here, because threads could not change it concurrently
        self._encode([], add_special_tokens=False)

    @classmethod
    @one_at_a_time
    def from_pretrained(cls, source: str, max_length: int) -> "WordpieceAligner":
        """Load the tokenizer from a folder or from the Hugging Face hub. Raises UserError if there is none."""
        from transformers import AutoTokenizer

        try:
            # Tokenizers that mark words by the preceding space also need one before the first word; others ignore it.
            tokenizer = AutoTokenizer.from_pretrained(source, add_prefix_space=True, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"{source} has no tokenizer", str(error).splitlines()[0], "Type another model.encoder="
            ) from None
        return cls(source, tokenizer, max_length)

    @classmethod
    @one_at_a_time
    def from_run(cls, folder: Path, max_length: int) -> "WordpieceAligner":
        """Load the tokenizer in `encoder/` of a run folder. Raises UserError if the folder contains something else."""
        from tokenizers import Tokenizer, models
        from transformers import PreTrainedTokenizerFast

        load_encoder_config(folder)
        path = folder / "tokenizer.json"
        content = check_tokenizer(path, read_json(path))
        special_tokens = load_special_tokens(folder)
        # not AutoTokenizer, which runs the class that the folder names
        with wrap_library_errors(path, "not a tokenizer of an encoder", "Copy the whole folder again, or train again."):
            tokenizer = Tokenizer.from_str(json.dumps(content))
            check_growth(path, content, tokenizer.normalizer)
            wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, add_prefix_space=True, **special_tokens)
            if content["model"]["type"] == "Unigram":  # tokenizers reads the last bit of scores in another way
                pieces = [(piece, score) for piece, score in content["model"]["vocab"]]
                settings = content["model"]
                model = models.Unigram(pieces, settings.get("unk_id"), settings.get("byte_fallback", False))
                wrapped.backend_tokenizer.model = model
            return cls(str(folder), wrapped, max_length)

    def save(self, folder: Path) -> None:
        """Write the files that `from_run` reads."""
        self.tokenizer.save_pretrained(folder)
        strip_file_references(folder)

    def split(self, words: Sequence[str]) -> AlignedSubwords:
        """Split a sentence into sub-words, in as many windows as needed; each window has whole words only."""
        counts = [0] * len(words)
        for word in self._encode(words, add_special_tokens=False).word_ids():
            counts[word] += 1
        ends = list(accumulate(min(count, self.max_length) for count in counts))
        windows: list[list[int]] = []
        positions: list[tuple[int, int]] = []
        start = before = 0
        for i in range(1, len(words) + 1):
            if i == len(words) or ends[i] - before > self.max_length:
                encoded = self._encode(words[start:i], add_special_tokens=True)
                first: dict[int | None, int] = {}
                for position, word in enumerate(encoded.word_ids()):
                    first.setdefault(word, position)
                positions += [(len(windows), first.get(word, 0)) for word in range(i - start)]
                windows.append(encoded["input_ids"][: self.max_length + self.tokenizer.num_special_tokens_to_add()])
                start, before = i, ends[i - 1]
        return AlignedSubwords(windows, positions)

    def _encode(self, words: Sequence[str], add_special_tokens: bool) -> Any:  # transformers has no types
        with wrap_library_errors(self.source, "its tokenizer failed", "Name another model.encoder, and train again."):
            return self.tokenizer(
                list(words), is_split_into_words=True, add_special_tokens=add_special_tokens, verbose=False
            )
