"""Exporting taggers: a graph that scores tags. The best legal sequence is found by the script."""

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.collate import Tokens
from grunlp.data.datasets.splits import open_split
from grunlp.data.examples import Example, Tagged
from grunlp.data.tag_schemes import detect_scheme
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import Exportable, Run, Split
from grunlp.exporting.trace import Graph
from grunlp.tasks.srl import commands
from grunlp.tasks.srl.checkpoint import TagRun
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.predictor import Tagger as Predictor


class _Tags(nn.Module):
    """Inputs of words → scores of tags (B, T, K)."""

    def __init__(self, model: Tagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        return (self.model(word_inputs.tokens_of(*inputs)),)


class TaggerExport(Exportable):
    """Of a tagger."""

    kind, recipe, takes = "tagger", "tag", word_inputs.LINE
    parts = (*word_inputs.PARTS, *word_inputs.SENTENCES, "grunlp.tasks.tagging.onnx_runtime")

    def __init__(self, run: TagRun) -> None:
        word_inputs.require_no_encoder(run.model.encoder)
        self.run = run
        self.graphs = (Graph("tags", _Tags(run.model), word_inputs.INPUTS, ("scores",)),)
        moves, start, end = run.model.crf.transition_scores()
        self.model = {
            **word_inputs.tables_of(run.collate.vocabulary),
            "tags": run.model.tags,
            **word_inputs.rules_of(start, moves, end),
            "spans": detect_scheme([run.model.tags]) is not None,
            "settings": {},
        }
        self.files, self.settings = {}, {}

    def draw(self, lengths: Sequence[int], random: np.random.Generator) -> list[Example]:
        """See `Exportable`."""
        drawn = word_inputs.draw_words(self.run.collate.vocabulary, lengths, random)
        return [Example(id="", document="", words=one, pos=[], frames=[]) for one in drawn]

    def inputs(self, examples: Sequence[Example]) -> list[tuple[Tensor, ...] | None]:
        """See `Exportable`."""
        tagged = [Tagged(id="", document="", words=one["words"], tags=[]) for one in examples]
        return [word_inputs.arrays_of(self.run.collate(tagged))]

    def line(self, example: Example) -> str:
        """See `Exportable`."""
        return json.dumps({"words": example["words"]}, ensure_ascii=False)

    def answers(self, examples: Sequence[Example]) -> list[dict[str, Any]]:
        """See `Exportable`."""
        with torch.inference_mode():
            return list(Predictor(self.run).records(examples))

    def standing_in(self, run: Run) -> nn.Module:
        """See `Exportable`."""
        model = copy.copy(self.run.model)

        def forward(batch: Tokens) -> Tensor:
            if not batch.words.numel():
                return self.run.model.forward(batch)
            return word_inputs.to_tensors(run("tags", *word_inputs.to_numpy(word_inputs.arrays_of(batch))))[0]

        model.forward = forward  # type: ignore[method-assign]
        return model

    def score(self, model: nn.Module) -> Split:
        """See `Exportable`."""
        examples: Any = open_split(self.run.config.data, "dev", tagged=True)
        scored = commands.score_examples(self.run._replace(model=model), examples)  # type: ignore[arg-type]
        return Split(scored, sum(map(len, examples["words"])))
