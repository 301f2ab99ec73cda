"""Exporting role labellers: a graph that reads sentences, and one that labels predicates.

Which words are predicates, the best legal tags and the chosen senses are found between and after them by the script.
"""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.collate import FrameBatch
from grunlp.data.datasets.splits import open_split
from grunlp.data.examples import Example
from grunlp.data.propbank.rolesets import FUNCTIONS
from grunlp.decoding.viterbi import bio_constraints
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import Exportable, Run, Split
from grunlp.exporting.trace import Graph
from grunlp.tasks.srl import commands
from grunlp.tasks.srl.checkpoint import Run as LabelRun
from grunlp.tasks.srl.model import Encoded, Scores, SRLModel
from grunlp.tasks.srl.predictor import Labeller


class _Sentences(nn.Module):
    """Inputs of words → states (B, T, E) and log-odds of predicates (B, T)."""

    def __init__(self, model: SRLModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        encoded = self.model.encode(word_inputs.tokens_of(*inputs))  # type: ignore[arg-type]
        return encoded.states, encoded.predicates


@dataclass
class _Asked(FrameBatch):
    """Predicates with the candidates of each, (P, R)."""

    asked: Tensor

    @property
    def predicate_candidates(self) -> Tensor:
        return self.asked


class _Predicates(nn.Module):
    """States, lengths, sentence and token of each predicate, its candidates → scores of tags and of senses."""

    def __init__(self, model: SRLModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        states, lengths, sentence, predicate, *candidates = inputs
        none, grid = lengths.new_zeros(0), lengths.new_zeros(states.shape[:2])
        batch = _Asked(
            words=grid, spellings=none, shapes=none, spelling_index=grid, pieces=none, piece_lengths=none,
            piece_index=none, lengths=lengths, candidates=none, pos=none, is_predicate=none, sentence=sentence,
            predicate=predicate, extra=torch.zeros_like(sentence, dtype=torch.bool), roleset=none, tags=none,
            asked=candidates[0] if candidates else none,
        )  # fmt: skip
        scores = self.model.label(Encoded(states, none, None), batch)
        return (scores.roles,) if scores.senses is None else (scores.roles, scores.senses)


class LabellerExport(Exportable):
    """Of a role labeller."""

    kind, takes = "labeller", word_inputs.LINE
    parts = (
        "grunlp.data.propbank.lemmatizer",
        *word_inputs.PARTS,
        *word_inputs.SENTENCES,
        "grunlp.tasks.srl.onnx_runtime",
    )

    def __init__(self, run: LabelRun) -> None:
        word_inputs.require_no_encoder(run.model.encoder)
        self.run, self.recipe = run, "srl"
        vocabulary, model = run.collate.vocabulary, run.model
        size = model.encoder.output_size + model.encoder.word_size
        asked: dict[str, Sequence[str | int]] = {"states": ("B", "T", size), "lengths": ("B",)}
        asked |= {"sentence": ("P",), "predicate": ("P",)}
        asked |= {"candidates": ("P", "R")} if model.senses is not None else {}
        outputs = ("roles", "senses") if model.senses is not None else ("roles",)
        self.graphs = (
            Graph("sentences", _Sentences(model), word_inputs.INPUTS, ("states", "predicates")),
            Graph("predicates", _Predicates(model), asked, outputs),
        )
        if model.crf is not None:
            moves, start, end = model.crf.transition_scores()
        else:
            start, moves = bio_constraints(model.tags)
            end = torch.zeros_like(start)
        rolesets = vocabulary.rolesets
        self.model = {
            **word_inputs.tables_of(vocabulary),
            "tags": model.tags,
            **word_inputs.rules_of(start, moves, end),
            "senses": model.senses is not None,
            "forms": rolesets.known,
            "rolesets": [[name, rolesets.lemma(name)] for name in rolesets.names],
            "counts": rolesets.counts,
            "functions": rolesets.functions,
            "glosses": FUNCTIONS,
            "settings": {},
        }
        self.files, self.settings = {}, {}

    def draw(self, lengths: Sequence[int], random: np.random.Generator) -> list[Example]:
        """See `Exportable`."""
        drawn = word_inputs.draw_words(self.run.collate.vocabulary, lengths, random)
        return [Example(id="", document="", words=one, pos=[], frames=[]) for one in drawn]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[Example]) -> list[tuple[Tensor, ...] | None]:
        """See `Exportable`; some words, about three of a sentence, are asked for as predicates, whatever they are."""
        batch = self.run.collate(examples)
        given = word_inputs.arrays_of(batch)
        places = (torch.arange(batch.words.shape[1]) < batch.lengths[:, None]).nonzero()  # (N, 2)
        some = places[:: max(1, len(places) // (3 * len(examples)))]
        asked = batch.with_predicates(some[:, 0].clone(), some[:, 1].clone())
        states, _ = self.graphs[0](*given)
        return [given, self._asked(states, asked)]

    def _asked(self, states: Tensor, batch: FrameBatch) -> tuple[Tensor, ...]:
        asked = (states, batch.lengths, batch.sentence, batch.predicate, batch.predicate_candidates)
        return asked[: len(self.graphs[1].inputs)]

    def line(self, example: Example) -> str:
        """See `Exportable`."""
        return json.dumps({"words": example["words"]}, ensure_ascii=False)

    def answers(self, examples: Sequence[Example]) -> list[dict[str, Any]]:
        """See `Exportable`."""
        with torch.inference_mode():
            return list(Labeller(self.run, {}).records(examples))

    def standing_in(self, run: Run) -> nn.Module:
        """See `Exportable`."""
        model = copy.copy(self.run.model)

        def encode(batch: FrameBatch) -> Encoded:
            if not batch.words.numel():
                return self.run.model.encode(batch)
            states, odds = word_inputs.to_tensors(run("sentences", *word_inputs.to_numpy(word_inputs.arrays_of(batch))))
            return Encoded(states, odds, None)

        def label(encoded: Encoded, batch: FrameBatch) -> Scores:
            if not batch.predicate.numel():
                return self.run.model.label(encoded, batch)
            asked = word_inputs.to_numpy(self._asked(encoded.states, batch))
            roles, *senses = word_inputs.to_tensors(run("predicates", *asked))
            return Scores(encoded, roles, senses[0] if senses else None)

        model.encode, model.label = encode, label  # type: ignore[method-assign]
        return model

    def score(self, model: nn.Module) -> Split:
        """See `Exportable`."""
        examples: Any = open_split(self.run.config.data, "dev", tagged=False)
        scored = commands.score_examples(self.run._replace(model=model), examples)  # type: ignore[arg-type]
        return Split(scored, sum(map(len, examples["words"])))
