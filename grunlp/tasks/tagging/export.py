"""Export of taggers: a graph that scores tags; the script finds the best legal sequence."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from grunlp.data.collate import SentenceBatch
from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.data.tag_schemes import detect_scheme
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import GraphRunner, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import WordInputExporter
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.tagging.checkpoint import TrainedTagger
from grunlp.tasks.tagging.data import open_tagging_split
from grunlp.tasks.tagging.inference import evaluate_tagger
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.onnx_runtime import TaggerRuntime
from grunlp.tasks.tagging.predictor import TaggerPredictor


class _TagGraph(nn.Module):
    """Graph from the inputs of words to tag scores (B, T, K)."""

    def __init__(self, model: Tagger) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        return (self.model(word_inputs.from_arrays(*inputs)),)


class TaggerExporter(WordInputExporter):
    """Exporter of taggers."""

    kind, recipe, runtime_class = "tagger", "tag", TaggerRuntime

    def __init__(self, run: TrainedTagger) -> None:
        super().__init__(run.model.encoder, run.collate.vocabulary)
        self.run = run
        self.graphs = (Graph("tags", _TagGraph(run.model), word_inputs.WORD_INPUT_AXES, ("scores",)),)
        transitions, start, end = run.model.crf.transition_scores()
        self.model = {
            **word_inputs.vocabulary_tables(run.collate.vocabulary),
            "tags": run.model.tags,
            **word_inputs.transition_tables(start, transitions, end),
            "spans": detect_scheme([run.model.tags]) is not None,
            "settings": {},
        }

    def inputs(self, examples: Sequence[SRLExample]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`."""
        tagged = [TaggedSentence(id="", document="", words=one["words"], tags=[]) for one in examples]
        return [word_inputs.to_arrays(self.run.collate(tagged))]

    @torch.inference_mode()
    def reference_answers(self, examples: Sequence[SRLExample]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        return list(TaggerPredictor(self.run).predict_examples(examples))

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
        evaluate = partial(
            evaluate_tagger,
            model,  # type: ignore[arg-type]
            self.run.collate,
            examples,
            config.loader.batch_tokens,
        )
        return SplitEvaluation(time_evaluation(evaluate, len(examples)), sum(map(len, examples["words"])))
