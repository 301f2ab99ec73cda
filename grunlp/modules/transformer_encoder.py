"""A pretrained encoder of the Hugging Face hub under the GRU."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from grunlp.data.encoder_files import load_encoder_config
from grunlp.utils.atomic_io import atomic_dir
from grunlp.utils.errors import UserError


class PretrainedEncoder(nn.Module):
    """Words as a mixture of what the layers of an encoder make of their first sub-words (Peters et al. 2018, eq. 1).

    Args:
        transformer: a model of the library transformers that takes `input_ids` and `attention_mask`.

    Attributes:
        output_size: features of a word.
        frozen: whether its weights are left as they are; it then works without dropout, too.
        max_subwords: sub-words it can read at once.
    """

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer, self.frozen = transformer.train(), False  # opened, it stands in evaluation mode
        self.output_size: int = transformer.config.hidden_size
        self.max_subwords: int = transformer.config.max_position_embeddings
        table = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        if padding is not None:  # RoBERTa's positions start behind it
            self.max_subwords -= padding + 1
        self.mixture = nn.Parameter(torch.zeros(transformer.config.num_hidden_layers + 1))

    @classmethod
    def from_pretrained(cls, source: str) -> "PretrainedEncoder":
        """Open a folder, or a name on the hub, with its weights.

        Raises:
            UserError: there is none, or the extra `encoder` is not installed.
        """
        transformers = _import_transformers()
        try:
            config = transformers.AutoConfig.from_pretrained(source, trust_remote_code=False)
            _require_encoder(source, config)
            # no pickled weights
            how = {"use_safetensors": True, "trust_remote_code": False, "dtype": torch.float32}
            return cls(transformers.AutoModel.from_pretrained(source, **how))
        except (OSError, ValueError) as error:
            there = str(error).splitlines()[0]
            advice = (
                "Type model.encoder=FOLDER with config.json, model.safetensors and tokenizer.json, or a name on the hub"
            )
            raise UserError(f"{source}: no encoder", there, advice) from None

    @classmethod
    def from_config(cls, folder: Path) -> "PretrainedEncoder":
        """The untrained encoder that `encoder/` of a run folder describes; weights are to be loaded.

        Raises:
            UserError: the folder holds something else, or the extra `encoder` is not installed.
        """
        settings, transformers = load_encoder_config(folder), _import_transformers()
        try:
            config = transformers.AutoConfig.for_model(**settings)
            _require_encoder(str(folder), config)
            return cls(transformers.AutoModel.from_config(config, trust_remote_code=False))
        except UserError:
            raise
        except Exception as error:  # whatever a model of the library makes of settings that are none
            there = (str(error) or type(error).__name__).splitlines()[0]
            way = "Copy the whole folder again, or train anew."
            raise UserError(f"{folder}: no encoder", there, way) from None

    def save_config(self, folder: Path) -> None:
        """Write what `from_config` needs beside the weights."""
        with atomic_dir(folder) as place:
            self.transformer.config.save_pretrained(place)

    def freeze(self) -> None:
        """Leave its weights as they are from now on."""
        self.frozen = True
        self.transformer.requires_grad_(False)

    def forward(self, subword_ids: Tensor, subword_lengths: Tensor, subword_index: Tensor) -> Tensor:
        """pieces: (W, S) sub-words of W windows; piece_lengths: (W,) how many are real; piece_index: (B, T) into W * S
        → (B, T, output_size)."""
        if not subword_ids.numel():
            return self.mixture.new_zeros(*subword_index.shape, self.output_size)
        if self.frozen:
            self.transformer.eval()
        width, offset = subword_ids.shape[1], 0
        places = torch.zeros_like(subword_lengths)  # of each window's first sub-word in what the encoder gives
        read = []
        for group in _bucket_by_length(subword_lengths.tolist()):
            rows = torch.tensor(group, device=subword_ids.device)
            mixed = self._encode(subword_ids[rows], subword_lengths[rows])  # (G, S', E)
            places[rows] = offset + mixed.shape[1] * torch.arange(len(group), device=subword_ids.device)
            offset += mixed.shape[0] * mixed.shape[1]
            read.append(mixed.flatten(0, 1))
        words: Tensor = torch.cat(read)[places[subword_index // width] + subword_index % width]  # (B, T, E)
        return words

    def _encode(self, subword_ids: Tensor, lengths: Tensor) -> Tensor:
        """The mixed layers of some windows, without the padding that all have: (G, S', E)."""
        subword_ids = subword_ids[:, : int(lengths.max())]
        real = torch.arange(subword_ids.shape[1], device=subword_ids.device) < lengths[:, None]  # (G, S')
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            read = self.transformer(input_ids=subword_ids, attention_mask=real.long(), output_hidden_states=True)
        mixed: Tensor = torch.stack(read.hidden_states, dim=-1) @ self.mixture.softmax(dim=0)
        return mixed


def _import_transformers() -> Any:
    try:
        import transformers
    except ImportError:
        there = "the package transformers is not installed"
        raise UserError("model.encoder", there, "Type pip install 'grunlp[encoder]'") from None
    return transformers


def _require_encoder(source: str, config: Any) -> None:
    """Raise UserError unless settings have what an encoder needs."""
    for name in ("hidden_size", "num_hidden_layers", "max_position_embeddings"):
        if not isinstance(getattr(config, name, None), int):
            there = f"its configuration has no {name}"
            raise UserError(f"{source}: not an encoder grunlp knows", there, "Name another")
    if config.max_position_embeddings < 8:
        there = f"it reads at most {config.max_position_embeddings} sub-words"
        raise UserError(f"{source}: not an encoder grunlp knows", there, "Name another")


def _bucket_by_length(lengths: list[int]) -> Iterator[list[int]]:
    """Windows in groups of like length, shortest first.

    Sentences of as many words may differ much in sub-words: one web address has hundreds. Were all padded to the
    longest, the encoder would read twice as many sub-words of web text, and need many times the memory.
    """
    group: list[int] = []
    for window in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and lengths[window] > 1.25 * lengths[group[0]] + 4:
            yield group
            group = []
        group.append(window)
    yield group
