"""Exporting networks that read a text and write another: a graph that reads sources, and one a step of the decoder.

A row of the step is a hypothesis with a source of its own; the script repeats a source for all of its hypotheses.
"""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.pair import ParallelExample
from grunlp.data.parallel_collate import pad
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, TextTokenizer
from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import to_numpy, to_tensors
from grunlp.metrics.evaluation import time_evaluation
from grunlp.modules.attention import AttentionMemory
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, make_beam_search, search_config
from grunlp.tasks.seq2seq.data import open_parallel_split
from grunlp.tasks.seq2seq.inference import SPECIAL_TOKENS, evaluate_seq2seq
from grunlp.tasks.seq2seq.model import Seq2Seq, Seq2SeqState
from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor, to_record


class SourceExample(NamedTuple):
    """A source of the proof. ids: without EOS_ID."""

    ids: list[int]
    text: str


class _StateTensors:
    """The tensors that make the state of a network, and the axes of each. Those that it has no use for are left out."""

    def __init__(self, model: Seq2Seq) -> None:
        layers, size = model.state_shape
        keys = model.encoder.output_size if model.attention.key is None else model.attention.key.out_features
        values = model.encoder.output_size if model.attention.value is None else model.attention.value.out_features
        self.source_tensors: dict[str, Sequence[str | int]] = {"source": ("R", "S")} if model.copied is not None else {}
        self.source_tensors |= {"keys": ("R", "S", keys), "values": ("R", "S", values), "padding": ("R", "S")}
        self.step_tensors: dict[str, Sequence[str | int]] = {"below": (1, "R", size)}
        self.step_tensors |= {"above": (layers - 1, "R", size)} if layers > 1 else {}
        self.step_tensors |= {"fed": ("R", model.target.embedding_dim)} if model.input_feeding else {}
        self.features = model.target.embedding_dim

    def of(self, state: Seq2SeqState, names: Sequence[str]) -> tuple[Tensor, ...]:
        """Those of a state."""
        every = {"source": state.source, **state.memory._asdict()}
        every |= {"below": state.lower, "above": state.upper, "fed": state.input_feed}
        return tuple(every[name] for name in names)

    def unflatten(self, tensors: Sequence[Tensor]) -> Seq2SeqState:
        """The state that they make."""
        every = dict(zip((*self.source_tensors, *self.step_tensors), tensors, strict=True))
        below, padding = every["below"], every["padding"]
        return Seq2SeqState(
            source=every.get("source", padding.long()),
            memory=AttentionMemory(every["keys"], every["values"], padding),
            lower=below,
            upper=every.get("above", below[:0]),
            input_feed=every.get("fed", below.new_zeros(below.shape[1], self.features)),
        )


class _EncoderGraph(nn.Module):
    """Ids (R, S) and lengths (R,) → the state before the first step; of the sources, without their ids."""

    def __init__(self, model: Seq2Seq, state_tensors: _StateTensors) -> None:
        super().__init__()
        self.model, self.state_tensors = model, state_tensors
        self.names = [name for name in (*state_tensors.source_tensors, *state_tensors.step_tensors) if name != "source"]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        # an output of its own for each name, though keys may be the values
        return tuple(part.clone() for part in self.state_tensors.of(self.model.encode(*inputs), self.names))


class _DecoderStepGraph(nn.Module):
    """Last words (R,) and state → log probabilities (R, V), attention (R, S), and what has changed of the state."""

    def __init__(self, model: Seq2Seq, state_tensors: _StateTensors) -> None:
        super().__init__()
        self.model, self.state_tensors = model, state_tensors

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        log_probs, attention, state = self.model.step(inputs[0], self.state_tensors.unflatten(inputs[1:]))
        return log_probs, attention, *self.state_tensors.of(state, list(self.state_tensors.step_tensors))


class Seq2SeqExporter(ModelExporter):
    """Of a network that writes."""

    kind, script_modules, input_description = (
        "writer",
        ("grunlp.tasks.seq2seq.onnx_beam_search", "grunlp.tasks.seq2seq.onnx_runtime"),
        "a source text",
    )

    def __init__(self, run: TrainedSeq2Seq) -> None:
        self.run, self.recipe = run, run.config.recipe
        model, self.state_tensors = run.model, _StateTensors(run.model)
        read, step = _EncoderGraph(model, self.state_tensors), _DecoderStepGraph(model, self.state_tensors)
        moving = [f"{name}_after" for name in self.state_tensors.step_tensors]
        given = {"tokens": ("R",), **self.state_tensors.source_tensors, **self.state_tensors.step_tensors}
        self.graphs = (
            Graph("read", read, {"source": ("R", "S"), "lengths": ("R",)}, read.names),
            Graph("step", step, given, ("log_probs", "attention", *moving)),
        )
        own = run.collate.source_tokenizer is not run.collate.target_tokenizer
        self.files = {TOKENIZER: run.path / TOKENIZER}
        self.files |= {SOURCE_TOKENIZER: run.path / SOURCE_TOKENIZER} if own else {}
        self.model = {
            "source_tokenizer": SOURCE_TOKENIZER if own else TOKENIZER,
            "longest_source": run.collate.max_source_length,
            "copies": model.copied is not None,
            "moving": len(moving),
            "start": BOS_ID,
            "end": EOS_ID,
            "never": list(SPECIAL_TOKENS.forbidden_ids),
            "settings": search_config(run.config),
        }
        self.settings = {"max_length": 12}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[SourceExample]:
        """See `ModelExporter`; lengths with the end."""
        return [random_source(self.run.collate.source_tokenizer, length - 1, rng) for length in lengths]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[SourceExample]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`; the step is the second."""
        model = self.run.model
        ids, lengths = pad([[*one.ids, EOS_ID] for one in examples], 0)
        _, _, state = model.step(torch.full_like(lengths, BOS_ID), model.encode(ids, lengths))
        tokens = ids[:, 0] % model.target.num_embeddings
        return [(ids, lengths), (tokens, *self._state(state))]

    def _state(self, state: Seq2SeqState) -> tuple[Tensor, ...]:
        return self.state_tensors.of(state, [*self.state_tensors.source_tensors, *self.state_tensors.step_tensors])

    def to_input_line(self, example: SourceExample) -> str:
        """See `ModelExporter`."""
        return example.text

    def reference_answers(self, examples: Sequence[SourceExample]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        limits, search = make_beam_search(search_config(self.run.config) | self.settings)
        pairs = [
            ParallelExample(id=str(i), source=one.text, target="", references=[])
            for i, one in enumerate(examples, start=1)
        ]
        return list(map(to_record, Seq2SeqPredictor(self.run, self.run.model, limits, search).generate(pairs)))

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model, parts = copy.copy(self.run.model), self.state_tensors

        def encode(source: Tensor, lengths: Tensor) -> Seq2SeqState:
            found = to_tensors(run("read", *to_numpy((source, lengths))))
            return parts.unflatten([source, *found] if "source" in parts.source_tensors else found)

        def step(tokens: Tensor, state: Seq2SeqState) -> tuple[Tensor, Tensor, Seq2SeqState]:
            hypotheses = len(tokens) // len(state.source)
            each = torch.arange(len(tokens)) // hypotheses
            fixed = [part[each] for part in parts.of(state, list(parts.source_tensors))]
            given = (tokens, *fixed, *parts.of(state, list(parts.step_tensors)))
            log_probs, attention, *moved = to_tensors(run("step", *to_numpy(given)))
            return log_probs, attention, parts.unflatten([*parts.of(state, list(parts.source_tensors)), *moved])

        model.encode, model.step = encode, step  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        config, collate = self.run.config, self.run.collate
        pairs = open_parallel_split(config.data, "dev", config.metric == "bleu")
        search = make_beam_search(search_config(config))
        batch_tokens = config.loader.batch_tokens
        evaluate = partial(evaluate_seq2seq, model, collate, pairs, config.metric, *search, batch_tokens)  # type: ignore[arg-type]
        num_tokens = sum(map(len, collate.source_tokenizer.encode([pair["source"] for pair in pairs])))
        return SplitEvaluation(time_evaluation(evaluate, len(pairs)), num_tokens)


def random_source(tokenizer: TextTokenizer, length: int, rng: np.random.Generator) -> SourceExample:
    """A source of so many random pieces, and its text."""
    ids = rng.integers(EOS_ID + 1, len(tokenizer), size=length).tolist()
    return SourceExample(ids, " ".join(tokenizer.decode(ids).split()))
