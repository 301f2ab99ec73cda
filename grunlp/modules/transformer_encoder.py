"""A pretrained transformer encoder from the Hugging Face hub, used below the GRU."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from grunlp.data.encoder_config import differing_keys, find_error, known_settings
from grunlp.data.encoder_files import load_encoder_config
from grunlp.utils.errors import UserError
from grunlp.utils.loading_lock import one_at_a_time

_HINT = "Copy the whole folder again, or train again."


class PretrainedEncoder(nn.Module):
    """A transformer that encodes words as learned mixtures of its layers (Peters et al. 2018, eq. 1).

    Each word is read at its first sub-word.

    Args:
        transformer: a model of the library transformers that takes `input_ids` and `attention_mask`.

    Attributes:
        output_size: features of a word.
        frozen: whether its weights are not trained; if so, it also runs without dropout.
        max_subwords: number of sub-words that it can read at once.
    """

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer, self.frozen = transformer.train(), False  # transformers loads it in evaluation mode
        self.output_size: int = transformer.config.hidden_size
        self.max_subwords: int = transformer.config.max_position_embeddings
        table = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        if padding is not None:  # positions of RoBERTa start after it
            self.max_subwords -= padding + 1
        self.mixture = nn.Parameter(torch.zeros(transformer.config.num_hidden_layers + 1))

    @classmethod
    @one_at_a_time
    def from_pretrained(cls, source: str) -> "PretrainedEncoder":
        """Load an encoder with its weights from a folder, or by its name from the hub.

        Raises:
            UserError: it does not exist, or the extra `encoder` is not installed.
        """
        transformers = _import_transformers()
        try:
            config = transformers.AutoConfig.from_pretrained(source, trust_remote_code=False)
            _require_supported(source, config.to_dict(), transformers)
            # no pickled weights
            options = {"use_safetensors": True, "trust_remote_code": False, "dtype": torch.float32}
            return cls(transformers.AutoModel.from_pretrained(source, **options))
        except (OSError, ValueError) as error:
            details = str(error).splitlines()[0]
            hint = (
                "Type model.encoder=FOLDER with config.json, model.safetensors and tokenizer.json, or a name on the hub"
            )
            raise UserError(f"{source} is not an encoder", details, hint) from None

    @classmethod
    @one_at_a_time
    def from_config(cls, folder: Path) -> "PretrainedEncoder":
        """Make the untrained encoder described by `encoder/` of a run folder; its weights are loaded later.

        Raises:
            UserError: the folder does not describe an encoder, or the extra `encoder` is not installed.
        """
        settings, transformers = load_encoder_config(folder), _import_transformers()
        try:
            config = transformers.AutoConfig.for_model(**settings)
            if error := find_error(config.to_dict(), ignore=lambda key: True):  # with the values of missing keys
                raise UserError(str(folder / "config.json"), f"the encoder {error}", _HINT)
            return cls(transformers.AutoModel.from_config(config, trust_remote_code=False))
        except UserError:  # also of the bound on allocations
            raise
        except Exception as error:  # the library raises anything for an invalid configuration
            details = (str(error) or type(error).__name__).splitlines()[0]
            raise UserError(f"{folder} is not an encoder", details, _HINT) from None

    def save_config(self, folder: Path) -> None:
        """Write the file that `from_config` reads."""
        settings = known_settings(self.transformer.config.to_dict())
        (folder / "config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")

    def freeze(self) -> None:
        """Stop training the weights of the transformer."""
        self.frozen = True
        self.transformer.requires_grad_(False)

    def forward(self, subword_ids: Tensor, subword_lengths: Tensor, subword_index: Tensor) -> Tensor:
        """Encode the words of a batch.

        Args:
            subword_ids: (W, S) sub-words of W windows.
            subword_lengths: (W,) real sub-words of each window.
            subword_index: (B, T) position of the first sub-word of each word among the W·S.

        Returns:
            the encoding of each word (B, T, output_size).
        """
        if not subword_ids.numel():
            return self.mixture.new_zeros(*subword_index.shape, self.output_size)
        if self.frozen:
            self.transformer.eval()
        width, offset = subword_ids.shape[1], 0
        starts = torch.zeros_like(subword_lengths)  # row of the first sub-word of each window in the output
        outputs = []
        for group in _bucket_by_length(subword_lengths.tolist()):
            rows = torch.tensor(group, device=subword_ids.device)
            states = self._encode(subword_ids[rows], subword_lengths[rows])  # (G, S', E)
            starts[rows] = offset + states.shape[1] * torch.arange(len(group), device=subword_ids.device)
            offset += states.shape[0] * states.shape[1]
            outputs.append(states.flatten(0, 1))
        words: Tensor = torch.cat(outputs)[starts[subword_index // width] + subword_index % width]  # (B, T, E)
        return words

    def _encode(self, subword_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the mixed layers (G, S', E) of some windows, cut to the longest of them."""
        subword_ids = subword_ids[:, : int(lengths.max())]
        is_real = torch.arange(subword_ids.shape[1], device=subword_ids.device) < lengths[:, None]  # (G, S')
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            output = self.transformer(input_ids=subword_ids, attention_mask=is_real.long(), output_hidden_states=True)
        mixed: Tensor = torch.stack(output.hidden_states, dim=-1) @ self.mixture.softmax(dim=0)
        return mixed


def _import_transformers() -> Any:
    try:
        import transformers
    except ImportError:
        details = "the package transformers is not installed"
        raise UserError("model.encoder", details, "Type pip install 'grunlp[encoder]'") from None
    return transformers


def _require_supported(source: str, settings: Mapping[str, Any], transformers: Any) -> None:
    """Raise UserError unless the settings that a run keeps are valid and make the same encoder again."""
    error = find_error(settings, ignore=lambda key: True)
    if error is None:
        again = transformers.AutoConfig.for_model(**known_settings(settings)).to_dict()
        key = next(iter(differing_keys(again, settings)), None)
        error = None if key is None else f"has the setting {key}: {settings.get(key)!r:.60}"
    if error is not None:
        raise UserError(f"{source}: not a supported encoder", f"it {error}", "Type model.encoder= with another encoder")


def _bucket_by_length(lengths: list[int]) -> Iterator[list[int]]:
    """Group windows of similar length, shortest first.

    Sentences with the same number of words may differ greatly in their number of sub-words: a single web address may
    have hundreds. With all windows padded to the longest, the encoder would read twice as many sub-words of web text
    and need many times the memory.
    """
    group: list[int] = []
    for window in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and lengths[window] > 1.25 * lengths[group[0]] + 4:
            yield group
            group = []
        group.append(window)
    yield group
