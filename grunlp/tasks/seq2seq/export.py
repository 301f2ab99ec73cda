"""Export of sequence-to-sequence models: a graph that encodes sources, and a graph of one step of the decoder.

Each row of the step is a hypothesis with its own copy of the source; the script repeats a source for its hypotheses.
"""

import copy
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.examples import ParallelExample
from grunlp.data.parallel_collate import pad
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID
from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.random_inputs import TokenizedText, random_text
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import to_numpy, to_tensors
from grunlp.metrics.evaluation import time_evaluation
from grunlp.modules.attention import AttentionMemory
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, make_beam_search, search_config
from grunlp.tasks.seq2seq.data import open_parallel_split
from grunlp.tasks.seq2seq.inference import SPECIAL_TOKENS, evaluate_seq2seq
from grunlp.tasks.seq2seq.model import Seq2Seq, Seq2SeqState
from grunlp.tasks.seq2seq.onnx_runtime import Seq2SeqRuntime
from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor, to_record


class _StateTensors:
    """Conversion of the state of a decoder to and from the tensors that a model needs of it.

    Attributes:
        source_tensors: axes of the tensors that depend only on the source, by name.
        step_tensors: axes of the tensors that change with each step, by name.
    """

    def __init__(self, model: Seq2Seq) -> None:
        num_layers, size = model.state_shape
        keys = model.encoder.output_size if model.attention.key is None else model.attention.key.out_features
        values = model.encoder.output_size if model.attention.value is None else model.attention.value.out_features
        self.source_tensors: dict[str, Sequence[str | int]] = {"source": ("R", "S")} if model.copied is not None else {}
        self.source_tensors |= {"keys": ("R", "S", keys), "values": ("R", "S", values), "padding": ("R", "S")}
        self.step_tensors: dict[str, Sequence[str | int]] = {"lower": (1, "R", size)}
        self.step_tensors |= {"upper": (num_layers - 1, "R", size)} if num_layers > 1 else {}
        self.step_tensors |= {"input_feed": ("R", model.target.embedding_dim)} if model.options.input_feeding else {}
        self.embedding_size = model.target.embedding_dim

    def flatten(self, state: Seq2SeqState, names: Iterable[str]) -> tuple[Tensor, ...]:
        """Return the named tensors of a state."""
        tensors = {"source": state.source, **state.memory._asdict()}
        tensors |= {"lower": state.lower, "upper": state.upper, "input_feed": state.input_feed}
        return tuple(tensors[name] for name in names)

    def unflatten(self, tensors: Sequence[Tensor]) -> Seq2SeqState:
        """Make a state from all source and step tensors."""
        by_name = dict(zip((*self.source_tensors, *self.step_tensors), tensors, strict=True))
        lower, padding = by_name["lower"], by_name["padding"]
        return Seq2SeqState(
            source=by_name.get("source", padding.long()),
            memory=AttentionMemory(by_name["keys"], by_name["values"], padding),
            lower=lower,
            upper=by_name.get("upper", lower[:0]),
            input_feed=by_name.get("input_feed", lower.new_zeros(lower.shape[1], self.embedding_size)),
        )


class _EncoderGraph(nn.Module):
    """Graph from ids (R, S) and lengths (R,) to the state before the first step, without the ids."""

    def __init__(self, model: Seq2Seq, state_tensors: _StateTensors) -> None:
        super().__init__()
        self.model, self.state_tensors = model, state_tensors
        self.names = [name for name in (*state_tensors.source_tensors, *state_tensors.step_tensors) if name != "source"]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        # clones, because keys and values may be the same tensor, but outputs must be distinct
        return tuple(tensor.clone() for tensor in self.state_tensors.flatten(self.model.encode(*inputs), self.names))


class _DecoderStepGraph(nn.Module):
    """Graph from last tokens (R,) and state to log probabilities (R, V), attention (R, S) and changed state tensors."""

    def __init__(self, model: Seq2Seq, state_tensors: _StateTensors) -> None:
        super().__init__()
        self.model, self.state_tensors = model, state_tensors

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        log_probs, attention, state = self.model.step(inputs[0], self.state_tensors.unflatten(inputs[1:]))
        return log_probs, attention, *self.state_tensors.flatten(state, self.state_tensors.step_tensors)


class Seq2SeqExporter(ModelExporter):
    """Exporter of sequence-to-sequence models."""

    kind, runtime_class, input_description = "sequence-to-sequence model", Seq2SeqRuntime, "a source text"

    def __init__(self, run: TrainedSeq2Seq) -> None:
        self.run, self.recipe = run, run.config.recipe
        model, self.state_tensors = run.model, _StateTensors(run.model)
        encoder, step = _EncoderGraph(model, self.state_tensors), _DecoderStepGraph(model, self.state_tensors)
        outputs = [f"next_{name}" for name in self.state_tensors.step_tensors]
        inputs = {"tokens": ("R",), **self.state_tensors.source_tensors, **self.state_tensors.step_tensors}
        self.graphs = (
            Graph("encode", encoder, {"source": ("R", "S"), "lengths": ("R",)}, encoder.names),
            Graph("step", step, inputs, ("log_probs", "attention", *outputs)),
        )
        separate = run.collate.source_tokenizer is not run.collate.target_tokenizer
        self.files = {TOKENIZER: run.path / TOKENIZER}
        self.files |= {SOURCE_TOKENIZER: run.path / SOURCE_TOKENIZER} if separate else {}
        self.model = {
            "source_tokenizer": SOURCE_TOKENIZER if separate else TOKENIZER,
            "max_source_length": run.collate.max_source_length,
            "copies": model.copied is not None,
            "num_step_tensors": len(outputs),
            "start": BOS_ID,
            "end": EOS_ID,
            "forbidden": list(SPECIAL_TOKENS.forbidden_ids),
            "settings": search_config(run.config),
        }
        self.settings = {"max_length": 12}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[TokenizedText]:
        """See `ModelExporter`; lengths include the end token."""
        return [random_text(self.run.collate.source_tokenizer, length - 1, rng) for length in lengths]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[TokenizedText]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`; the step graph computes the second step."""
        model, tensors = self.run.model, self.state_tensors
        ids, lengths = pad([[*example.ids, EOS_ID] for example in examples], 0)
        _, _, state = model.step(torch.full_like(lengths, BOS_ID), model.encode(ids, lengths))
        tokens = ids[:, 0] % model.target.num_embeddings
        return [(ids, lengths), (tokens, *tensors.flatten(state, (*tensors.source_tensors, *tensors.step_tensors)))]

    def to_input_line(self, example: TokenizedText) -> str:
        """See `ModelExporter`."""
        return example.text

    def reference_answers(self, examples: Sequence[TokenizedText]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        limits, search = make_beam_search(search_config(self.run.config) | self.settings)
        pairs = [
            ParallelExample(id=str(i), source=example.text, target="", references=[])
            for i, example in enumerate(examples, start=1)
        ]
        return list(map(to_record, Seq2SeqPredictor(self.run, self.run.model, limits, search).generate(pairs)))

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model, tensors = copy.copy(self.run.model), self.state_tensors

        def encode(source: Tensor, lengths: Tensor) -> Seq2SeqState:
            outputs = to_tensors(run("encode", *to_numpy((source, lengths))))
            return tensors.unflatten([source, *outputs] if "source" in tensors.source_tensors else outputs)

        def step(tokens: Tensor, state: Seq2SeqState) -> tuple[Tensor, Tensor, Seq2SeqState]:
            source_tensors = tensors.flatten(state, tensors.source_tensors)
            rows = torch.arange(len(tokens)) // (len(tokens) // len(state.source))  # source of each hypothesis
            repeated = [tensor[rows] for tensor in source_tensors]
            inputs = (tokens, *repeated, *tensors.flatten(state, tensors.step_tensors))
            log_probs, attention, *step_tensors = to_tensors(run("step", *to_numpy(inputs)))
            return log_probs, attention, tensors.unflatten([*source_tensors, *step_tensors])

        model.encode, model.step = encode, step  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        config, collate = self.run.config, self.run.collate
        pairs = open_parallel_split(config.data, "dev", config.metric == "bleu")
        search = make_beam_search(search_config(config))
        batch_tokens = config.loader.batch_tokens
        evaluate = partial(
            evaluate_seq2seq,
            model,  # type: ignore[arg-type]
            collate,
            pairs,
            config.metric,
            *search,
            batch_tokens,
            config.metric_tokenize,
        )
        num_tokens = sum(map(len, collate.source_tokenizer.encode([pair["source"] for pair in pairs])))
        return SplitEvaluation(time_evaluation(evaluate, len(pairs)), num_tokens)
