"""Export of language models: a graph of one step, from a token and a state to the next token and state."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.data.examples import ParallelExample
from grunlp.data.parallel_collate import pad
from grunlp.data.subword_tokenizer import EOS_ID
from grunlp.decoding.sampling import Sampling
from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.random_inputs import TokenizedText, random_text
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import to_numpy, to_tensors
from grunlp.metrics.evaluation import time_evaluation
from grunlp.runs.layout import TOKENIZER
from grunlp.tasks.language_modeling.checkpoint import TrainedLanguageModel
from grunlp.tasks.language_modeling.command_options import LanguageModelingPredictOptions
from grunlp.tasks.language_modeling.data import open_line_split
from grunlp.tasks.language_modeling.generate import FORBIDDEN_IDS
from grunlp.tasks.language_modeling.inference import evaluate_language_model
from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.tasks.language_modeling.onnx_runtime import LanguageModelRuntime
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor

_VERIFIED_SETTINGS = {"length": 8, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "seed": 1}


class _LanguageStepGraph(nn.Module):
    """Graph from tokens (R,) and state (L, R, state_size) to next-token log probabilities (R, V) and the new state."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.step(*inputs)


class LanguageModelExporter(ModelExporter):
    """Exporter of language models."""

    kind, recipe, runtime_class = "language model", "lm", LanguageModelRuntime
    input_description = "the beginning of a line of text, which is continued to its end"

    def __init__(self, run: TrainedLanguageModel) -> None:
        self.run, stack = run, run.model.stack
        state = (stack.num_layers, "R", stack.state_size)
        self.graphs = (
            Graph(
                "step", _LanguageStepGraph(run.model), {"tokens": ("R",), "state": state}, ("log_probs", "next_state")
            ),
        )
        self.files = {TOKENIZER: run.path / TOKENIZER}
        self.model = {
            "state": [stack.num_layers, 1, stack.state_size],
            "end": EOS_ID,
            "forbidden": FORBIDDEN_IDS,
            "keep_trailing_spaces": run.config.tokenizer.kind == "character",
            "settings": {key: getattr(LanguageModelingPredictOptions(), key) for key in _VERIFIED_SETTINGS},
        }
        self.settings = _VERIFIED_SETTINGS

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[TokenizedText]:
        """See `ModelExporter`."""
        return [random_text(self.run.tokenizer, length, rng) for length in lengths]

    @torch.inference_mode()
    def inputs(self, examples: Sequence[TokenizedText]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`; the last token is fed with the state after all others."""
        model = self.run.model
        ids, lengths = pad([[EOS_ID, *example.ids[:-1]] for example in examples], 0)
        _, state = model(ids, lengths, model.initial_state(len(examples)))
        return [(torch.tensor([example.ids[-1] for example in examples]), state)]

    def to_input_line(self, example: TokenizedText) -> str:
        """See `ModelExporter`."""
        return example.text

    def reference_answers(self, examples: Sequence[TokenizedText]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        options = {key: value for key, value in self.settings.items() if key != "length"}
        pairs = [
            ParallelExample(id=str(i), source=example.text, target="", references=[])
            for i, example in enumerate(examples, start=1)
        ]
        predictor = LanguageModelPredictor(self.run, Sampling(**options), self.settings["length"], stop_at_newline=True)
        return [predictor.generate_record(pair, sample_id) for sample_id, pair in enumerate(pairs)]

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`; returns log probabilities in place of the features of the original model."""
        model = copy.copy(self.run.model)

        def forward(inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            steps = []
            for tokens in inputs.T:  # a single row without padding
                log_probs, state = to_tensors(run("step", *to_numpy((tokens, state))))
                steps.append(log_probs)
            return torch.stack(steps, dim=1), state

        model.forward = forward  # type: ignore[method-assign]
        model.nll = lambda features, targets: -features.gather(1, targets[:, None])[:, 0]  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        lines = open_line_split(self.run.config.data, "dev")
        tokenizer = self.run.tokenizer
        evaluate = partial(evaluate_language_model, model, tokenizer, lines["text"], None)  # type: ignore[arg-type]
        num_tokens = sum(map(len, tokenizer.encode(lines["text"])))
        return SplitEvaluation(time_evaluation(evaluate, len(lines)), num_tokens)
