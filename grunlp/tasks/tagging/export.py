"""Exporting taggers: a graph that scores tags. The best legal sequence is found by the script."""

import copy
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.collate import SentenceBatch
from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.data.tag_schemes import detect_scheme
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.tagging.checkpoint import TrainedTagger
from grunlp.tasks.tagging.data import open_tagging_split
from grunlp.tasks.tagging.inference import evaluate_tagger
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.predictor import TaggerPredictor as Predictor


class _TagGraph(nn.Module):
    """Inputs of words → scores of tags (B, T, K)."""

    def __init__(self, model: Tagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        return (self.model(word_inputs.from_arrays(*inputs)),)


class TaggerExporter(ModelExporter):
    """Of a tagger."""

    kind, recipe, input_description = "tagger", "tag", word_inputs.INPUT_LINE_DESCRIPTION
    script_modules = (*word_inputs.WORD_MODULES, *word_inputs.SENTENCE_MODULES, "grunlp.tasks.tagging.onnx_runtime")

    def __init__(self, run: TrainedTagger) -> None:
        word_inputs.reject_pretrained_encoder(run.model.encoder)
        self.run = run
        self.graphs = (Graph("tags", _TagGraph(run.model), word_inputs.WORD_INPUT_AXES, ("scores",)),)
        moves, start, end = run.model.crf.transition_scores()
        self.model = {
            **word_inputs.vocabulary_tables(run.collate.vocabulary),
            "tags": run.model.tags,
            **word_inputs.transition_tables(start, moves, end),
            "spans": detect_scheme([run.model.tags]) is not None,
            "settings": {},
        }
        self.files, self.settings = {}, {}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[SRLExample]:
        """See `ModelExporter`."""
        drawn = word_inputs.random_words(self.run.collate.vocabulary, lengths, rng)
        return [SRLExample(id="", document="", words=one, pos=[], frames=[]) for one in drawn]

    def inputs(self, examples: Sequence[SRLExample]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`."""
        tagged = [TaggedSentence(id="", document="", words=one["words"], tags=[]) for one in examples]
        return [word_inputs.to_arrays(self.run.collate(tagged))]

    def to_input_line(self, example: SRLExample) -> str:
        """See `ModelExporter`."""
        return json.dumps({"words": example["words"]}, ensure_ascii=False)

    def reference_answers(self, examples: Sequence[SRLExample]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        with torch.inference_mode():
            return list(Predictor(self.run).predict_examples(examples))

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model = copy.copy(self.run.model)

        def forward(batch: SentenceBatch) -> Tensor:
            if not batch.words.numel():
                return self.run.model.forward(batch)
            return word_inputs.to_tensors(run("tags", *word_inputs.to_numpy(word_inputs.to_arrays(batch))))[0]

        model.forward = forward  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        config, examples = self.run.config, open_tagging_split(self.run.config.data, "dev")
        evaluate = partial(evaluate_tagger, model, self.run.collate, examples, config.loader.batch_tokens)  # type: ignore[arg-type]
        return SplitEvaluation(time_evaluation(evaluate, len(examples)), sum(map(len, examples["words"])))
