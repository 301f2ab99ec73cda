"""Exporting language models: a graph of one step, from a token and a state to what may follow and the state then."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.pair import Pair
from grunlp.data.parallel_collate import pad
from grunlp.data.subword_tokenizer import END
from grunlp.decoding.sampling import Sampling
from grunlp.exporting.exporter import Exportable, Run, Split
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import to_numpy, to_tensors
from grunlp.runs.layout import TOKENIZER
from grunlp.tasks.language_modeling import commands
from grunlp.tasks.language_modeling.checkpoint import LanguageRun
from grunlp.tasks.language_modeling.data import open_line_split
from grunlp.tasks.language_modeling.generate import NEVER
from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.tasks.language_modeling.predictor import LanguageModel as Predictor
from grunlp.tasks.seq2seq.export import Source, draw_ids

_PROVED = {"length": 8, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "seed": 1}


class _Step(nn.Module):
    """Tokens (R,) and state (L, R, state_size) → log probabilities of the next (R, V), and the state after it."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.step(*inputs)


class LanguageExport(Exportable):
    """Of a language model."""

    kind, recipe, parts, takes = (
        "language model",
        "lm",
        ("grunlp.tasks.language_modeling.onnx_runtime",),
        "how a text begins, to be written on to its end",
    )

    def __init__(self, run: LanguageRun) -> None:
        self.run, stack = run, run.model.stack
        state = (stack.num_layers, "R", stack.state_size)
        self.graphs = (Graph("step", _Step(run.model), {"tokens": ("R",), "state": state}, ("log_probs", "after")),)
        self.files = {TOKENIZER: run.path / TOKENIZER}
        self.model = {
            "state": [stack.num_layers, 1, stack.state_size],
            "end": END,
            "never": NEVER,
            "blanks": run.config.tokenizer.kind == "character",
            "settings": {key: commands.PREDICT[key] for key in _PROVED},
        }
        self.settings = _PROVED

    def draw(self, lengths: Sequence[int], random: np.random.Generator) -> list[Source]:
        """See `Exportable`."""
        return [draw_ids(self.run.tokenizer, length, random) for length in lengths]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[Source]) -> list[tuple[Tensor, ...] | None]:
        """See `Exportable`; the last token, after all before it."""
        model = self.run.model
        before, lengths = pad([[END, *one.ids[:-1]] for one in examples], 0)
        _, state = model(before, lengths, model.start(len(examples)))
        return [(torch.tensor([one.ids[-1] for one in examples]), state)]

    def line(self, example: Source) -> str:
        """See `Exportable`."""
        return example.text

    def answers(self, examples: Sequence[Source]) -> list[dict[str, Any]]:
        """See `Exportable`."""
        options = {key: value for key, value in self.settings.items() if key != "length"}
        pairs = [Pair(id=str(i), source=one.text, target="", references=[]) for i, one in enumerate(examples, start=1)]
        model = Predictor(self.run, Sampling(**options), self.settings["length"], one_line=True)
        return [model.record(pair, number) for number, pair in enumerate(pairs)]

    def standing_in(self, run: Run) -> nn.Module:
        """See `Exportable`; it reads step by step, and gives log probabilities where the network gives features."""
        model = copy.copy(self.run.model)

        def forward(inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            told = []
            for tokens in inputs.T:  # one row, which has no padding
                log_probs, state = to_tensors(run("step", *to_numpy((tokens, state))))
                told.append(log_probs)
            return torch.stack(told, dim=1), state

        model.forward = forward  # type: ignore[method-assign]
        model.nats = lambda features, targets: -features.gather(1, targets[:, None])[:, 0]  # type: ignore[method-assign]
        return model

    def score(self, model: nn.Module) -> Split:
        """See `Exportable`."""
        lines = open_line_split(self.run.config.data, "dev")
        scored = commands.score_lines(self.run._replace(model=model), lines)  # type: ignore[arg-type]
        return Split(scored, sum(map(len, self.run.tokenizer.encode(lines["text"]))))
