"""Text as ids of sub-words, words or characters, and back, by Hugging Face `tokenizers`.

Text is normalized to NFC and its white space to single spaces; otherwise decoding restores any text that the vocabulary
covers. To this end a token that starts a word carries the preceding space as "▁" (Kudo and Richardson 2018, §3.1). A
"▁" in a text is read as a space.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self, get_args

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from grunlp.data.options import TokenizerType
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.error_translation import wrap_library_errors
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_json

TOKENIZER_TYPES = get_args(TokenizerType)

PAD_ID, UNK_ID, BOS_ID, EOS_ID = range(4)
_SPECIAL_TOKENS = ["<pad>", "<unk>", "<s>", "</s>"]
_VOCABULARY_KEYS = ("vocab", "merges", "unk_id")  # of the JSON of a model


_MODELS: dict[TokenizerType, Callable[[], Any]] = {
    "bpe": lambda: models.BPE(unk_token="<unk>"),
    "unigram": lambda: models.Unigram(),
    "word": lambda: models.WordLevel(unk_token="<unk>"),
    "character": lambda: models.WordLevel(unk_token="<unk>"),
}


class TextTokenizer:
    """A tokenizer that converts text to ids and back.

    Args:
        tokenizer: a tokenizer whose first four ids are PADDING, UNKNOWN, START and END, as `train` makes it.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        tokenizer.encode_special_tokens = True  # "</s>" in a text is four characters, not the end token
        self._binary_split_cache: dict[int, list[tuple[int, int]]] = {}

    @classmethod
    def train(cls, model_type: TokenizerType, texts: Iterable[str], size: int, min_count: int) -> Self:
        """Train a tokenizer.

        Args:
            model_type: "bpe" (Sennrich et al. 2016), "unigram" (Kudo 2018), "word" (words and punctuation) or
                "character".
            texts: one for each sentence or line, read once.
            size: the largest size of the vocabulary; "bpe" may exceed it to keep all characters that occur, "character"
                to keep all that are frequent enough.
            min_count: least frequency of a pair that "bpe" merges, of a word of "word" and of a character of
                "character"; it has no effect on "unigram".

        Raises:
            UserError: `size` is too small for the characters of "unigram".
            ValueError: `model_type` is unknown.
        """
        if model_type not in TOKENIZER_TYPES:
            raise ValueError(f"kind is one of {', '.join(TOKENIZER_TYPES)}, got {model_type!r}")
        tokenizer = Tokenizer(_MODELS[model_type]())
        _configure(tokenizer, model_type == "character")
        try:
            tokenizer.train_from_iterator(texts, _trainer(model_type, size, min_count))
        except Exception as error:
            if type(error) is not Exception:  # the library raises bare exceptions
                raise
            raise UserError(
                f"tokenizer.size={size}: {error}", f"tokenizer.kind={model_type}", "Raise tokenizer.size"
            ) from None
        return cls(tokenizer)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load a tokenizer that `save` wrote.

        Raises:
            UserError: the file is missing or is not a tokenizer.
        """
        content = read_json(path)
        if not set(_regexes(content)) <= _own_regexes():  # others may take hours to compile
            raise UserError(f"{path}: not a tokenizer of grunlp", "it has other patterns", "Train again.")
        with wrap_library_errors(path, "not a tokenizer of grunlp", "Copy the whole folder again, or train again."):
            tokenizer = Tokenizer.from_str(json.dumps(content))
        if not _is_trained_here(tokenizer):
            details = "it has other pieces, patterns or settings than a training gives it"
            raise UserError(f"{path} is not a tokenizer of grunlp", details, "Train again.")
        return cls(tokenizer)

    def save(self, path: Path) -> None:
        """Write the tokenizer as JSON, in the format of `tokenizers`."""
        write_file_atomically(path, json.dumps(json.loads(self._tokenizer.to_str()), ensure_ascii=False))

    def __len__(self) -> int:
        size: int = self._tokenizer.get_vocab_size()
        return size

    def normalize(self, text: str) -> str:
        """Return the normalized text to encode: composed characters and, except for "character", single spaces."""
        normalizer = self._tokenizer.normalizer
        plain: str = normalizer.normalize_str(text) if normalizer is not None else text
        return plain

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without START and END; none for an empty text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def sample_segmentation(self, ids: Sequence[int], probability: float) -> list[int]:
        """Split sub-words at random into two from the vocabulary, so that training sees rarer segmentations.

        As in StochasTok (Sims et al. 2025, §3), this works for every kind of vocabulary. It draws from Torch's
        generator, which a seed controls (the sampling of `tokenizers` cannot be seeded). Halves are split again with
        the same probability.

        Args:
            ids: the ids of a text.
            probability: the probability of splitting a sub-word.
        """
        if not probability or not ids:
            return list(ids)
        drawn = torch.rand(len(ids)).tolist()
        result: list[int] = []
        for id, random in zip(ids, drawn, strict=True):
            splits = self._binary_splits(id) if random < probability else []
            if not splits:
                result.append(id)
                continue
            chosen = splits[int(torch.randint(len(splits), ()))]
            result += self.sample_segmentation(chosen, probability)
        return result

    def _binary_splits(self, id: int) -> list[tuple[int, int]]:
        """Return the pairs of sub-words into which a sub-word can be split."""
        if id not in self._binary_split_cache:
            piece = str(self._tokenizer.id_to_token(id)) if id > EOS_ID else ""
            halves = ((self._tokenizer.token_to_id(piece[:i]), piece[i:]) for i in range(1, len(piece)))
            pairs = [(left, self._tokenizer.token_to_id(right)) for left, right in halves if left is not None]
            self._binary_split_cache[id] = [(left, right) for left, right in pairs if right is not None]
        return self._binary_split_cache[id]

    def segmentations(self, text: str, max_count: int) -> list[tuple[int, ...]]:
        """Return all segmentations of a text into sub-words of the vocabulary; `encode` returns one of them.

        Args:
            text: a text whose characters are all in the vocabulary.
            max_count: the largest number to return; segmentations with longer first sub-words are preferred.
        """
        written = "".join(self.ids_to_tokens(self.encode([text])[0]))
        vocabulary = self._tokenizer.get_vocab()
        longest = max(map(len, vocabulary))
        results: list[tuple[int, ...]] = []

        def write(position: int, ids: tuple[int, ...]) -> None:
            if position == len(written) and ids:
                results.append(ids)
            for end in range(min(len(written), position + longest), position, -1):
                id = vocabulary.get(written[position:end], UNK_ID)
                if len(results) < max_count and id > EOS_ID:
                    write(end, (*ids, id))

        write(0, ())
        return results

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids up to the first END; special ids other than UNKNOWN are skipped."""
        if EOS_ID in ids:
            ids = ids[: list(ids).index(EOS_ID)]
        text: str = self._tokenizer.decode([id for id in ids if id not in (PAD_ID, BOS_ID)], skip_special_tokens=False)
        return text

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """Return the string of each id in the vocabulary, for display."""
        return [str(self._tokenizer.id_to_token(id)) for id in ids]


def _configure(tokenizer: Tokenizer, char_level: bool) -> None:
    """Configure normalization, pre-tokenization and decoding."""
    if char_level:
        tokenizer.normalizer = normalizers.NFC()  # a text of characters may use spaces for its layout
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        tokenizer.decoder = decoders.Fuse()
    else:
        blanks = [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), *blanks])
        # also split at punctuation, so that a word before a comma is the same token; a space belongs to the next token
        words = [pre_tokenizers.Metaspace(), pre_tokenizers.Split(Regex(r"▁?[^\p{L}\p{M}\p{N}▁]"), "isolated")]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(words)
        tokenizer.decoder = decoders.Metaspace()


def _is_trained_here(tokenizer: Tokenizer) -> bool:
    """Return whether a tokenizer differs from those that `TextTokenizer.train` makes only in its vocabulary.

    Other tokenizers may have patterns that take hours to match, or pad each text to gigabytes.
    """
    ids = sorted(tokenizer.get_vocab().values())
    if (
        ids != list(range(len(ids)))
        or [tokenizer.id_to_token(id) for id in range(len(_SPECIAL_TOKENS))] != _SPECIAL_TOKENS
    ):
        return False
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    special = [{"id": id, "content": token, **flags, "special": True} for id, token in enumerate(_SPECIAL_TOKENS)]
    for kind, model in _MODELS.items():
        reference = Tokenizer(model())
        _configure(reference, kind == "character")
        if _pipeline_settings(reference) | {"added_tokens": special} == _pipeline_settings(tokenizer):
            return True
    return False


def _regexes(content: Any) -> Iterator[str]:
    """Yield the regular expressions in the JSON of a tokenizer."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key == "Regex":
                yield str(value)
            elif key != "vocab":
                yield from _regexes(value)
    elif isinstance(content, list):
        for item in content:
            if isinstance(item, dict):
                yield from _regexes(item)


@cache
def _own_regexes() -> frozenset[str]:
    """Return the regular expressions that trained tokenizers have."""
    tokenizers = [Tokenizer(models.BPE()) for _ in range(2)]
    for tokenizer, char_level in zip(tokenizers, (False, True), strict=True):
        _configure(tokenizer, char_level)
    return frozenset(regex for tokenizer in tokenizers for regex in _regexes(json.loads(tokenizer.to_str())))


def _pipeline_settings(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return all settings except the vocabulary."""
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    content["model"] = {key: value for key, value in content["model"].items() if key not in _VOCABULARY_KEYS}
    return content


def _trainer(model_type: TokenizerType, size: int, min_count: int) -> Any:
    if model_type == "bpe":
        return trainers.BpeTrainer(
            vocab_size=size, min_frequency=min_count, special_tokens=_SPECIAL_TOKENS, show_progress=False
        )
    if model_type == "unigram":
        return trainers.UnigramTrainer(
            vocab_size=size, unk_token="<unk>", special_tokens=_SPECIAL_TOKENS, show_progress=False
        )
    size = size if model_type == "word" else 10**6
    return trainers.WordLevelTrainer(
        vocab_size=size, min_frequency=min_count, special_tokens=_SPECIAL_TOKENS, show_progress=False
    )
