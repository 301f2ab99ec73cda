"""Exporting role labellers: a graph that reads sentences, and one that labels predicates.

Which words are predicates, the best legal tags and the chosen senses are found between and after them by the script.
"""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.collate import SRLBatch
from grunlp.data.datasets.srl import open_srl_split
from grunlp.data.examples import SRLExample
from grunlp.data.propbank.rolesets import FUNCTION_TAG_DESCRIPTIONS
from grunlp.decoding.viterbi import bio_transition_mask
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.srl.checkpoint import TrainedSRL as LabelRun
from grunlp.tasks.srl.inference import evaluate_srl
from grunlp.tasks.srl.model import EncoderOutput, SRLLogits, SRLModel
from grunlp.tasks.srl.predictor import SRLPredictor


class _SentenceGraph(nn.Module):
    """Inputs of words → states (B, T, E) and log-odds of predicates (B, T)."""

    def __init__(self, model: SRLModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        encoded = self.model.encode(word_inputs.from_arrays(*inputs))  # type: ignore[arg-type]
        return encoded.states, encoded.predicate_logits


@dataclass
class _RequestedPredicates(SRLBatch):
    """Predicates with the candidates of each, (P, R)."""

    requested_candidates: Tensor

    @property
    def predicate_sense_candidates(self) -> Tensor:
        return self.requested_candidates


class _PredicateGraph(nn.Module):
    """States, lengths, sentence and token of each predicate, its candidates → scores of tags and of senses."""

    def __init__(self, model: SRLModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        states, lengths, sentence, predicate, *candidates = inputs
        none, grid = lengths.new_zeros(0), lengths.new_zeros(states.shape[:2])
        batch = _RequestedPredicates(
            words=grid, char_ids=none, word_shapes=none, char_index=grid, subword_ids=none, subword_lengths=none,
            subword_index=none, lengths=lengths, sense_candidates=none, pos=none, is_predicate=none,
            sentence_index=sentence, predicate_index=predicate,
            from_extra_corpus=torch.zeros_like(sentence, dtype=torch.bool), roleset=none, tags=none,
            requested_candidates=candidates[0] if candidates else none,
        )  # fmt: skip
        scores = self.model.label(EncoderOutput(states, none, None), batch)
        return (scores.role_logits,) if scores.sense_logits is None else (scores.role_logits, scores.sense_logits)


class SRLExporter(ModelExporter):
    """Of a role labeller."""

    kind, input_description = "labeller", word_inputs.INPUT_LINE_DESCRIPTION
    script_modules = (
        "grunlp.data.propbank.lemmatizer",
        *word_inputs.WORD_MODULES,
        *word_inputs.SENTENCE_MODULES,
        "grunlp.tasks.srl.onnx_runtime",
    )

    def __init__(self, run: LabelRun) -> None:
        word_inputs.reject_pretrained_encoder(run.model.encoder)
        self.run, self.recipe = run, "srl"
        vocabulary, model = run.collate.vocabulary, run.model
        size = model.encoder.output_size + model.encoder.word_size
        asked: dict[str, Sequence[str | int]] = {"states": ("B", "T", size), "lengths": ("B",)}
        asked |= {"sentence": ("P",), "predicate": ("P",)}
        asked |= {"candidates": ("P", "R")} if model.senses is not None else {}
        outputs = ("roles", "senses") if model.senses is not None else ("roles",)
        self.graphs = (
            Graph("sentences", _SentenceGraph(model), word_inputs.WORD_INPUT_AXES, ("states", "predicates")),
            Graph("predicates", _PredicateGraph(model), asked, outputs),
        )
        if model.crf is not None:
            moves, start, end = model.crf.transition_scores()
        else:
            start, moves = bio_transition_mask(model.tags)
            end = torch.zeros_like(start)
        rolesets = vocabulary.rolesets
        self.model = {
            **word_inputs.vocabulary_tables(vocabulary),
            "tags": model.tags,
            **word_inputs.transition_tables(start, moves, end),
            "senses": model.senses is not None,
            "forms": rolesets.ids_by_word,
            "rolesets": [[name, rolesets.lemma(name)] for name in rolesets.names],
            "counts": rolesets.counts,
            "functions": rolesets.functions,
            "glosses": FUNCTION_TAG_DESCRIPTIONS,
            "settings": {},
        }
        self.files, self.settings = {}, {}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[SRLExample]:
        """See `ModelExporter`."""
        drawn = word_inputs.random_words(self.run.collate.vocabulary, lengths, rng)
        return [SRLExample(id="", document="", words=one, pos=[], frames=[]) for one in drawn]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[SRLExample]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`; about three words of each sentence are taken as predicates."""
        batch = self.run.collate(examples)
        given = word_inputs.to_arrays(batch)
        places = (torch.arange(batch.words.shape[1]) < batch.lengths[:, None]).nonzero()  # (N, 2)
        some = places[:: max(1, len(places) // (3 * len(examples)))]
        asked = batch.replace_predicates(some[:, 0].clone(), some[:, 1].clone())
        states, _ = self.graphs[0](*given)
        return [given, self._predicate_inputs(states, asked)]

    def _predicate_inputs(self, states: Tensor, batch: SRLBatch) -> tuple[Tensor, ...]:
        asked = (states, batch.lengths, batch.sentence_index, batch.predicate_index, batch.predicate_sense_candidates)
        return asked[: len(self.graphs[1].inputs)]

    def to_input_line(self, example: SRLExample) -> str:
        """See `ModelExporter`."""
        return json.dumps({"words": example["words"]}, ensure_ascii=False)

    def reference_answers(self, examples: Sequence[SRLExample]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        with torch.inference_mode():
            return list(SRLPredictor(self.run, {}).predict_examples(examples))

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model = copy.copy(self.run.model)

        def encode(batch: SRLBatch) -> EncoderOutput:
            if not batch.words.numel():
                return self.run.model.encode(batch)
            states, odds = word_inputs.to_tensors(run("sentences", *word_inputs.to_numpy(word_inputs.to_arrays(batch))))
            return EncoderOutput(states, odds, None)

        def label(encoded: EncoderOutput, batch: SRLBatch) -> SRLLogits:
            if not batch.predicate_index.numel():
                return self.run.model.label(encoded, batch)
            asked = word_inputs.to_numpy(self._predicate_inputs(encoded.states, batch))
            roles, *senses = word_inputs.to_tensors(run("predicates", *asked))
            return SRLLogits(encoded, roles, senses[0] if senses else None)

        model.encode, model.label = encode, label  # type: ignore[assignment, method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        config, examples = self.run.config, open_srl_split(self.run.config.data, "dev")
        evaluate = partial(evaluate_srl, model, self.run.collate, examples, config.loader.batch_tokens)  # type: ignore[arg-type]
        return SplitEvaluation(time_evaluation(evaluate, len(examples)), sum(map(len, examples["words"])))
