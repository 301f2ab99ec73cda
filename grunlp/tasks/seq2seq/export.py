"""Exporting networks that read a text and write another: a graph that reads sources, and one a step of the decoder.

A row of the step is a hypothesis with a source of its own; the script repeats a source for all of its hypotheses.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.pair import Pair
from grunlp.data.parallel_collate import pad
from grunlp.data.subword_tokenizer import END, START, TextTokenizer
from grunlp.exporting.exporter import Exportable, Run, Split
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import to_numpy, to_tensors
from grunlp.modules.attention import Attended
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER
from grunlp.tasks.seq2seq import commands
from grunlp.tasks.seq2seq.checkpoint import TextRun, search_of, search_values
from grunlp.tasks.seq2seq.data import open_pair_split
from grunlp.tasks.seq2seq.inference import WORDS
from grunlp.tasks.seq2seq.model import Seq2Seq, State
from grunlp.tasks.seq2seq.predictor import Writer, record_of


class Source(NamedTuple):
    """A source of the proof. ids: without END."""

    ids: list[int]
    text: str


class _Parts:
    """The tensors that make the state of a network, and the axes of each. Those that it has no use for are left out."""

    def __init__(self, model: Seq2Seq) -> None:
        layers, size = model.sizes
        keys = model.encoder.output_size if model.attention.key is None else model.attention.key.out_features
        values = model.encoder.output_size if model.attention.value is None else model.attention.value.out_features
        self.fixed: dict[str, Sequence[str | int]] = {"source": ("R", "S")} if model.copied is not None else {}
        self.fixed |= {"keys": ("R", "S", keys), "values": ("R", "S", values), "padding": ("R", "S")}
        self.moving: dict[str, Sequence[str | int]] = {"below": (1, "R", size)}
        self.moving |= {"above": (layers - 1, "R", size)} if layers > 1 else {}
        self.moving |= {"fed": ("R", model.target.embedding_dim)} if model.input_feeding else {}
        self.features = model.target.embedding_dim

    def of(self, state: State, names: Sequence[str]) -> tuple[Tensor, ...]:
        """Those of a state."""
        every = {"source": state.source, **state.attended._asdict()}
        every |= {"below": state.below, "above": state.above, "fed": state.fed}
        return tuple(every[name] for name in names)

    def state(self, tensors: Sequence[Tensor]) -> State:
        """The state that they make."""
        every = dict(zip((*self.fixed, *self.moving), tensors, strict=True))
        below, padding = every["below"], every["padding"]
        return State(
            source=every.get("source", padding.long()),
            attended=Attended(every["keys"], every["values"], padding),
            below=below,
            above=every.get("above", below[:0]),
            fed=every.get("fed", below.new_zeros(below.shape[1], self.features)),
        )


class _Read(nn.Module):
    """Ids (R, S) and lengths (R,) → the state before the first step; of the sources, without their ids."""

    def __init__(self, model: Seq2Seq, parts: _Parts) -> None:
        super().__init__()
        self.model, self.parts = model, parts
        self.names = [name for name in (*parts.fixed, *parts.moving) if name != "source"]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        # an output of its own for each name, though keys may be the values
        return tuple(part.clone() for part in self.parts.of(self.model.encode(*inputs), self.names))


class _Step(nn.Module):
    """Last words (R,) and state → log probabilities (R, V), attention (R, S), and what has changed of the state."""

    def __init__(self, model: Seq2Seq, parts: _Parts) -> None:
        super().__init__()
        self.model, self.parts = model, parts

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        log_probs, attention, state = self.model.step(inputs[0], self.parts.state(inputs[1:]))
        return log_probs, attention, *self.parts.of(state, list(self.parts.moving))


class WriterExport(Exportable):
    """Of a network that writes."""

    kind, parts, takes = (
        "writer",
        ("grunlp.tasks.seq2seq.onnx_beam_search", "grunlp.tasks.seq2seq.onnx_runtime"),
        "a source text",
    )

    def __init__(self, run: TextRun) -> None:
        self.run, self.recipe = run, run.config.recipe
        model, self.state_parts = run.model, _Parts(run.model)
        read, step = _Read(model, self.state_parts), _Step(model, self.state_parts)
        moving = [f"{name}_after" for name in self.state_parts.moving]
        given = {"tokens": ("R",), **self.state_parts.fixed, **self.state_parts.moving}
        self.graphs = (
            Graph("read", read, {"source": ("R", "S"), "lengths": ("R",)}, read.names),
            Graph("step", step, given, ("log_probs", "attention", *moving)),
        )
        own = run.collate.source is not run.collate.target
        self.files = {TOKENIZER: run.path / TOKENIZER}
        self.files |= {SOURCE_TOKENIZER: run.path / SOURCE_TOKENIZER} if own else {}
        self.model = {
            "source_tokenizer": SOURCE_TOKENIZER if own else TOKENIZER,
            "longest_source": run.collate.longest_source,
            "copies": model.copied is not None,
            "moving": len(moving),
            "start": START,
            "end": END,
            "never": list(WORDS.never),
            "settings": search_values(run.config),
        }
        self.settings = {"max_length": 12}

    def draw(self, lengths: Sequence[int], random: np.random.Generator) -> list[Source]:
        """See `Exportable`; lengths with the end."""
        return [draw_ids(self.run.collate.source, length - 1, random) for length in lengths]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[Source]) -> list[tuple[Tensor, ...] | None]:
        """See `Exportable`; the step is the second."""
        model = self.run.model
        ids, lengths = pad([[*one.ids, END] for one in examples], 0)
        _, _, state = model.step(torch.full_like(lengths, START), model.encode(ids, lengths))
        tokens = ids[:, 0] % model.target.num_embeddings
        return [(ids, lengths), (tokens, *self._state(state))]

    def _state(self, state: State) -> tuple[Tensor, ...]:
        return self.state_parts.of(state, [*self.state_parts.fixed, *self.state_parts.moving])

    def line(self, example: Source) -> str:
        """See `Exportable`."""
        return example.text

    def answers(self, examples: Sequence[Source]) -> list[dict[str, Any]]:
        """See `Exportable`."""
        limits, search = search_of(search_values(self.run.config) | self.settings)
        pairs = [Pair(id=str(i), source=one.text, target="", references=[]) for i, one in enumerate(examples, start=1)]
        return list(map(record_of, Writer(self.run, self.run.model, limits, search).write(pairs)))

    def standing_in(self, run: Run) -> nn.Module:
        """See `Exportable`."""
        model, parts = copy.copy(self.run.model), self.state_parts

        def encode(source: Tensor, lengths: Tensor) -> State:
            found = to_tensors(run("read", *to_numpy((source, lengths))))
            return parts.state([source, *found] if "source" in parts.fixed else found)

        def step(tokens: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
            hypotheses = len(tokens) // len(state.source)
            each = torch.arange(len(tokens)) // hypotheses
            fixed = [part[each] for part in parts.of(state, list(parts.fixed))]
            given = (tokens, *fixed, *parts.of(state, list(parts.moving)))
            log_probs, attention, *moved = to_tensors(run("step", *to_numpy(given)))
            return log_probs, attention, parts.state([*parts.of(state, list(parts.fixed)), *moved])

        model.encode, model.step = encode, step  # type: ignore[method-assign]
        return model

    def score(self, model: nn.Module) -> Split:
        """See `Exportable`."""
        pairs = open_pair_split(self.run.config.data, "dev", self.run.config.scores == "bleu")
        search = search_of(search_values(self.run.config))
        scored = commands.score_pairs(Writer(self.run, model, *search), pairs)  # type: ignore[arg-type]
        return Split(scored, sum(map(len, self.run.collate.source.encode([pair["source"] for pair in pairs]))))


def draw_ids(tokenizer: TextTokenizer, length: int, random: np.random.Generator) -> Source:
    """A source of so many random pieces, and its text."""
    ids = random.integers(END + 1, len(tokenizer), size=length).tolist()
    return Source(ids, " ".join(tokenizer.decode(ids).split()))
