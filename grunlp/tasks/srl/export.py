"""Export of role labellers: a graph that encodes sentences, and a graph that labels predicates.

Between the two graphs, the script selects the predicates; after them, it decodes tags and senses.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from grunlp.data.collate import SRLBatch
from grunlp.data.datasets.srl import open_srl_split
from grunlp.data.examples import SRLExample
from grunlp.data.propbank.rolesets import FUNCTION_TAG_DESCRIPTIONS
from grunlp.decoding.viterbi import bio_transition_mask
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import GraphRunner, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import WordInputExporter
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.srl.checkpoint import TrainedSRL
from grunlp.tasks.srl.inference import evaluate_srl
from grunlp.tasks.srl.model import EncoderOutput, SRLLogits, SRLModel
from grunlp.tasks.srl.onnx_runtime import SRLRuntime
from grunlp.tasks.srl.predictor import SRLPredictor


class _SentenceGraph(nn.Module):
    """Graph from the inputs of words to states (B, T, E) and predicate logits (B, T)."""

    def __init__(self, model: SRLModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        output = self.model.encode(word_inputs.from_arrays(*inputs))  # type: ignore[arg-type]
        return output.states, output.predicate_logits


@dataclass
class _RequestedPredicates(SRLBatch):
    """A batch whose sense candidates of each predicate (P, R) are given."""

    requested_candidates: Tensor

    @property
    def predicate_sense_candidates(self) -> Tensor:
        return self.requested_candidates


class _PredicateGraph(nn.Module):
    """Graph from states, lengths, and the sentence, token and candidates of each predicate to role and sense logits."""

    def __init__(self, model: SRLModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        states, lengths, sentence, predicate, *candidates = inputs
        empty, grid = lengths.new_zeros(0), lengths.new_zeros(states.shape[:2])
        batch = _RequestedPredicates(
            words=grid, char_ids=empty, word_shapes=empty, char_index=grid, subword_ids=empty, subword_lengths=empty,
            subword_index=empty, lengths=lengths, sense_candidates=empty, pos=empty, is_predicate=empty,
            sentence_index=sentence, predicate_index=predicate,
            from_extra_corpus=torch.zeros_like(sentence, dtype=torch.bool), roleset=empty, tags=empty,
            requested_candidates=candidates[0] if candidates else empty,
        )  # fmt: skip
        logits = self.model.label(EncoderOutput(states, empty, None), batch)
        return (logits.role_logits,) if logits.sense_logits is None else (logits.role_logits, logits.sense_logits)


class SRLExporter(WordInputExporter):
    """Exporter of role labellers."""

    kind, recipe, runtime_class = "labeller", "srl", SRLRuntime

    def __init__(self, run: TrainedSRL) -> None:
        super().__init__(run.model.encoder, run.collate.vocabulary)
        self.run = run
        vocabulary, model = run.collate.vocabulary, run.model
        size = model.encoder.output_size + model.encoder.word_size
        inputs: dict[str, Sequence[str | int]] = {"states": ("B", "T", size), "lengths": ("B",)}
        inputs |= {"sentence_index": ("P",), "predicate_index": ("P",)}
        inputs |= {"candidates": ("P", "R")} if model.senses is not None else {}
        outputs = ("roles", "senses") if model.senses is not None else ("roles",)
        self.graphs = (
            Graph("sentences", _SentenceGraph(model), word_inputs.WORD_INPUT_AXES, ("states", "predicates")),
            Graph("predicates", _PredicateGraph(model), inputs, outputs),
        )
        if model.crf is not None:
            transitions, start, end = model.crf.transition_scores()
        else:
            start, transitions = bio_transition_mask(model.tags)
            end = torch.zeros_like(start)
        rolesets = vocabulary.rolesets
        self.model = {
            **word_inputs.vocabulary_tables(vocabulary),
            "tags": model.tags,
            **word_inputs.transition_tables(start, transitions, end),
            "senses": model.senses is not None,
            "forms": rolesets.ids_by_word,
            "rolesets": [[name, rolesets.lemma(name)] for name in rolesets.names],
            "counts": rolesets.counts,
            "functions": rolesets.functions,
            "role_descriptions": FUNCTION_TAG_DESCRIPTIONS,
            "settings": {},
        }

    @torch.inference_mode()
    def inputs(self, examples: Sequence[SRLExample]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`; about three words of each sentence are used as predicates."""
        batch = self.run.collate(examples)
        arrays = word_inputs.to_arrays(batch)
        words = (torch.arange(batch.words.shape[1]) < batch.lengths[:, None]).nonzero()  # (N, 2)
        predicates = words[:: max(1, len(words) // (3 * len(examples)))]
        batch = batch.replace_predicates(predicates[:, 0].clone(), predicates[:, 1].clone())
        states, _ = self.graphs[0](*arrays)
        return [arrays, self._predicate_inputs(states, batch)]

    def _predicate_inputs(self, states: Tensor, batch: SRLBatch) -> tuple[Tensor, ...]:
        inputs = (states, batch.lengths, batch.sentence_index, batch.predicate_index, batch.predicate_sense_candidates)
        return inputs[: len(self.graphs[1].inputs)]

    @torch.inference_mode()
    def reference_answers(self, examples: Sequence[SRLExample]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        return list(SRLPredictor(self.run, {}).predict_examples(examples))

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model = copy.copy(self.run.model)

        def encode(batch: SRLBatch) -> EncoderOutput:
            if not batch.words.numel():
                return self.run.model.encode(batch)
            outputs = run("sentences", *word_inputs.to_numpy(word_inputs.to_arrays(batch)))
            states, predicate_logits = word_inputs.to_tensors(outputs)
            return EncoderOutput(states, predicate_logits, None)

        def label(encoder_output: EncoderOutput, batch: SRLBatch) -> SRLLogits:
            if not batch.predicate_index.numel():
                return self.run.model.label(encoder_output, batch)
            inputs = word_inputs.to_numpy(self._predicate_inputs(encoder_output.states, batch))
            role_logits, *sense_logits = word_inputs.to_tensors(run("predicates", *inputs))
            return SRLLogits(encoder_output, role_logits, sense_logits[0] if sense_logits else None)

        model.encode, model.label = encode, label  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        config, examples = self.run.config, open_srl_split(self.run.config.data, "dev")
        evaluate = partial(
            evaluate_srl,
            model,  # type: ignore[arg-type]
            self.run.collate,
            examples,
            config.loader.batch_tokens,
        )
        return SplitEvaluation(time_evaluation(evaluate, len(examples)), sum(map(len, examples["words"])))
