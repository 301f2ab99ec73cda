"""Words split into the sub-words that a pretrained encoder reads."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.encoder_files import encoder_settings, forget_files
from grunlp.utils.atomic_io import replacing_files
from grunlp.utils.error_translation import library_errors
from grunlp.utils.errors import GrunlpError


class Split(NamedTuple):
    """A sentence in sub-words.

    windows: ids, begin and end marks included; one list unless the sentence is longer than the encoder can read.
    places: window and position of the first sub-word of each word. Of a word without any (a control character, say)
        and of what a single word has beyond a whole window, the first mark of its window.
    """

    windows: list[list[int]]
    places: list[tuple[int, int]]


class Pieces:
    """The tokenizer of a pretrained encoder.

    Args:
        source: its name, for errors.
        tokenizer: of the library transformers.
        longest: sub-words the encoder can read at once, marks included.

    Raises:
        GrunlpError: it does not keep track of words.
    """

    def __init__(self, source: str, tokenizer: Any, longest: int) -> None:
        if not tokenizer.is_fast:
            there = "only those of the library tokenizers tell which word a sub-word belongs to"
            raise GrunlpError(f"{source}: its tokenizer is a slow one", there, "Name another model.encoder")
        self.tokenizer = tokenizer
        self.padding: int = self.tokenizer.pad_token_id or 0
        self.longest = longest - self.tokenizer.num_special_tokens_to_add()
        self._encode([], marks=False)  # unsets what the file says of truncation; later, threads could not do so at once

    @classmethod
    def open(cls, source: str, longest: int) -> "Pieces":
        """That of a folder, or of a name on the Hugging Face hub. Raises GrunlpError where there is none."""
        from transformers import AutoTokenizer

        try:
            # Tokenizers that tell words by the blank before them need one before the first, too; others ignore it.
            tokenizer = AutoTokenizer.from_pretrained(source, add_prefix_space=True, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise GrunlpError(f"{source}: no tokenizer", str(error).splitlines()[0], "See model.encoder") from None
        return cls(source, tokenizer, longest)

    @classmethod
    def stored(cls, folder: Path, longest: int) -> "Pieces":
        """That of `encoder/` in a run folder. Raises GrunlpError where the folder holds something else."""
        from transformers import AutoTokenizer

        encoder_settings(folder)
        how = {"add_prefix_space": True, "trust_remote_code": False, "local_files_only": True}
        with library_errors(
            folder / "tokenizer.json", "no tokenizer of an encoder", "Copy the whole folder again, or train anew."
        ):
            return cls(str(folder), AutoTokenizer.from_pretrained(str(folder), **how), longest)

    def save(self, folder: Path) -> None:
        """Write what `Pieces` reads."""
        with replacing_files(folder) as place:
            self.tokenizer.save_pretrained(place)
            forget_files(place)

    def split(self, words: Sequence[str]) -> Split:
        """Split a sentence, in as many windows as it takes, each of whole words."""
        counts = [0] * len(words)
        for word in self._encode(words, marks=False).word_ids():
            counts[word] += 1
        ends = list(accumulate(min(count, self.longest) for count in counts))
        windows: list[list[int]] = []
        places: list[tuple[int, int]] = []
        start = before = 0
        for i in range(1, len(words) + 1):
            if i == len(words) or ends[i] - before > self.longest:
                encoded = self._encode(words[start:i], marks=True)
                first: dict[int | None, int] = {}
                for place, word in enumerate(encoded.word_ids()):
                    first.setdefault(word, place)
                places += [(len(windows), first.get(word, 0)) for word in range(i - start)]
                windows.append(encoded["input_ids"][: self.longest + self.tokenizer.num_special_tokens_to_add()])
                start, before = i, ends[i - 1]
        return Split(windows, places)

    def _encode(self, words: Sequence[str], marks: bool) -> Any:  # transformers has no types
        return self.tokenizer(list(words), is_split_into_words=True, add_special_tokens=marks, verbose=False)
