"""A pretrained encoder of the Hugging Face hub under the GRU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from grunlp.errors import GrunlpError


class PretrainedEncoder(nn.Module):
    """Words as a mixture of what the layers of an encoder make of their first sub-words (Peters et al. 2018, eq. 1).

    Args:
        transformer: a model of the library transformers that takes `input_ids` and `attention_mask`.
        padding: the id beyond the end of a window.

    Attributes:
        output_size: features of a word.
        frozen: whether its weights are left as they are; it then works without dropout, too.
        longest: sub-words it can read at once.
    """

    def __init__(self, transformer: Any, padding: int) -> None:
        super().__init__()
        self.transformer, self.padding, self.frozen = transformer, padding, False
        self.output_size: int = transformer.config.hidden_size
        self.longest: int = transformer.config.max_position_embeddings
        self.mixture = nn.Parameter(torch.zeros(transformer.config.num_hidden_layers + 1))

    @classmethod
    def open(cls, source: str, weights: bool) -> "PretrainedEncoder":
        """Open a folder, or a name on the hub, with its weights or, for others to be loaded, without.

        Raises:
            GrunlpError: there is none, or the extra `encoder` is not installed.
        """
        try:
            from transformers import AutoConfig, AutoModel
        except ImportError:
            there = "the package transformers is not installed"
            raise GrunlpError("model.encoder", there, "Type pip install 'grunlp[encoder]'") from None
        try:
            config = AutoConfig.from_pretrained(source)
            if weights:  # no pickled ones
                transformer = AutoModel.from_pretrained(source, use_safetensors=True, dtype=torch.float32)
            else:
                transformer = AutoModel.from_config(config)
        except (OSError, ValueError) as error:
            there = str(error).splitlines()[0]
            advice = (
                "Type model.encoder=FOLDER with config.json, model.safetensors and tokenizer.json, or a name on the hub"
            )
            raise GrunlpError(f"{source}: no encoder", there, advice) from None
        for name in ("hidden_size", "num_hidden_layers", "max_position_embeddings"):
            if not hasattr(config, name):
                raise GrunlpError(
                    f"{source}: not an encoder grunlp knows", f"its configuration has no {name}", "Name another"
                )
        return cls(transformer, config.pad_token_id or 0)

    def save_config(self, folder: Path) -> None:
        """Write what `open` needs beside the weights."""
        self.transformer.config.save_pretrained(folder)

    def freeze(self) -> None:
        """Leave its weights as they are from now on."""
        self.frozen = True
        self.transformer.requires_grad_(False)

    def forward(self, pieces: Tensor, piece_index: Tensor) -> Tensor:
        """pieces: (W, S) sub-words of W windows; piece_index: (B, T) into W * S → (B, T, output_size)."""
        if self.frozen:
            self.transformer.eval()
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            read = self.transformer(
                input_ids=pieces, attention_mask=(pieces != self.padding).long(), output_hidden_states=True
            )
        mixed = torch.stack(read.hidden_states, dim=-1) @ self.mixture.softmax(dim=0)  # (W, S, E)
        words: Tensor = mixed.flatten(0, 1)[piece_index]  # (B, T, E)
        return words
