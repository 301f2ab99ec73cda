"""Words split into the sub-words of a pretrained encoder."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.encoder_files import load_encoder_config, strip_file_references
from grunlp.utils.atomic_io import atomic_dir
from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import UserError
from grunlp.utils.loading_lock import one_at_a_time


class AlignedSubwords(NamedTuple):
    """The sub-words of a sentence.

    Attributes:
        windows: ids with the special tokens at both ends; one list unless the sentence is longer than the encoder can
            read.
        first_subword: window and position of the first sub-word of each word. For a word without any (a control
            character, for instance), and beyond one window of a single word, the first special token of its window.
    """

    windows: list[list[int]]
    first_subword: list[tuple[int, int]]


class WordpieceAligner:
    """The tokenizer of a pretrained encoder.

    Args:
        source: its name, for errors.
        tokenizer: of the library transformers.
        longest: number of sub-words the encoder can read at once, special tokens included.

    Raises:
        UserError: the tokenizer does not align sub-words with words.
    """

    def __init__(self, source: str, tokenizer: Any, max_length: int) -> None:
        if not tokenizer.is_fast:
            details = "only those of the library tokenizers know which word a sub-word belongs to"
            raise UserError(f"{source}: its tokenizer is a slow one", details, "Name another model.encoder")
        self.tokenizer = tokenizer
        self.pad_token_id: int = self.tokenizer.pad_token_id or 0
        self.max_length = max_length - self.tokenizer.num_special_tokens_to_add()
        # disables the truncation that the file asks for; later, threads could not do so at once
        self._encode([], add_special_tokens=False)

    @classmethod
    @one_at_a_time
    def from_pretrained(cls, source: str, max_length: int) -> "WordpieceAligner":
        """Load the tokenizer of a folder, or of a name on the Hugging Face hub. Raises UserError if there is none."""
        from transformers import AutoTokenizer

        try:
            # Tokenizers that mark words by the space before them need one before the first, too; others ignore it.
            tokenizer = AutoTokenizer.from_pretrained(source, add_prefix_space=True, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise UserError(f"{source}: no tokenizer", str(error).splitlines()[0], "See model.encoder") from None
        return cls(source, tokenizer, max_length)

    @classmethod
    @one_at_a_time
    def from_run(cls, folder: Path, max_length: int) -> "WordpieceAligner":
        """Load the tokenizer in `encoder/` of a run folder. Raises UserError if the folder contains something else."""
        from transformers import AutoTokenizer

        load_encoder_config(folder)
        how = {"add_prefix_space": True, "trust_remote_code": False, "local_files_only": True}
        with wrap_library_errors(
            folder / "tokenizer.json", "no tokenizer of an encoder", "Copy the whole folder again, or train again."
        ):
            return cls(str(folder), AutoTokenizer.from_pretrained(str(folder), **how), max_length)

    def save(self, folder: Path) -> None:
        """Write what `from_run` reads."""
        with atomic_dir(folder) as temp_dir:
            self.tokenizer.save_pretrained(temp_dir)
            strip_file_references(temp_dir)

    def split(self, words: Sequence[str]) -> AlignedSubwords:
        """Split a sentence, into as many windows as needed, each of whole words."""
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
        return self.tokenizer(
            list(words), is_split_into_words=True, add_special_tokens=add_special_tokens, verbose=False
        )
