"""Exporting forecasters: a graph from a scaled history to scaled forecasts; the script scales.

Shapes: B windows, T steps of history, H of horizon, C targets, F covariates, K static values, O numbers a forecast.
"""

import copy
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.exporting.word_inputs import to_numpy, to_tensors
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster
from grunlp.tasks.forecasting.evaluation import evaluate_windows, open_split_windows
from grunlp.tasks.forecasting.inference import Z80, forecast
from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.segrnn import SegRNN
from grunlp.tasks.forecasting.windows import ForecastWindow
from grunlp.utils.errors import UserError


class _ForecastGraph(nn.Module):
    """History (B, T, C), covariates of history (B, T, F) and horizon (B, H, F), static values (B, K), those of which
    there are none left out → (B, H, C, O)."""

    def __init__(self, model: Forecaster) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        history, *rest = inputs
        batch, steps = history.shape[:2]
        if self.model.num_known_covariates:
            past, ahead, *rest = rest
            known = torch.cat([past, ahead], dim=1)
        else:
            known = history.new_zeros(batch, steps + self.model.horizon, 0)
        static = rest[0] if rest else history.new_zeros(batch, 0)
        return (self.model(history, known, static),)


class ForecasterExporter(ModelExporter):
    """Of a forecaster. An example is a dictionary of numbers in the units of the data, as a line of the script."""

    kind, recipe, script_modules = "forecaster", "forecast", ("grunlp.tasks.forecasting.onnx_runtime",)

    def __init__(self, run: TrainedForecaster) -> None:
        self.run, model, scaling = run, run.model, run.scaling
        self.segment = model.segment_length if isinstance(model, SegRNN) else 1
        self.min_length = 1 if self.segment == 1 else 2 * self.segment
        if run.config.data.history < self.min_length:
            there = f"a history of {run.config.data.history} steps has less than two segments of {self.segment}"
            raise UserError("this forecaster cannot be exported", there, "Train one with a lower model.segment_length=")
        steps = f"T*{self.segment}" if self.segment > 1 else "T"
        inputs: dict[str, Sequence[str | int]] = {"history": ("B", steps, model.channels)}
        if model.num_known_covariates:
            inputs |= {
                "known": ("B", steps, model.num_known_covariates),
                "known_ahead": ("B", model.horizon, model.num_known_covariates),
            }
        inputs |= {"static": ("B", model.num_static_covariates)} if model.num_static_covariates else {}
        self.graphs = (Graph("forecast", _ForecastGraph(model), inputs, ("forecast",)),)
        self.model = {
            "targets": scaling.targets,
            "covariates": scaling.covariates,
            "statics": scaling.statics,
            "history": run.config.data.history,
            "horizon": model.horizon,
            "least": self.min_length,
            "segment": self.segment,
            "output": model.output,
            "centre": int(model.point_forecast(torch.arange(model.num_outputs))),
            "z": Z80,
            "series": {
                name: [means, scales]
                for name, means, scales in zip(scaling.names, scaling.means, scaling.scales, strict=True)
            },
            "known": [scaling.known_means, scaling.known_scales],
            "static": [scaling.static_means, scaling.static_scales],
            "settings": {},
        }
        rows = f"{self.model['history']} rows of {', '.join(scaling.targets)}"
        known = f', "known": those rows and {model.horizon} more of {", ".join(scaling.covariates)}'
        static = f', "static": {", ".join(scaling.statics)}'
        self.input_description = (
            f'{{"series": NAME, "values": {rows}{known if model.num_known_covariates else ""}'
            f"{static if model.num_static_covariates else ''}}}"
        )
        self.files, self.settings = {}, {}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[dict[str, Any]]:
        """See `ModelExporter`; all windows of a batch have as many steps, whole segments where those are read."""
        steps = max(lengths) // self.segment * self.segment
        return [self._example(steps, rng) for _ in lengths]

    def _example(self, steps: int, rng: np.random.Generator) -> dict[str, Any]:
        scaling, model = self.run.scaling, self.run.model
        series = int(rng.integers(len(scaling.names)))
        numbers = rng.normal(size=(steps, model.channels)).cumsum(axis=0) / 4
        known = rng.normal(size=(steps + model.horizon, model.num_known_covariates))
        example: dict[str, Any] = {"series": scaling.names[series]}
        example["values"] = (numbers * scaling.scales[series] + scaling.means[series]).tolist()
        if model.num_known_covariates:
            example["known"] = (known * scaling.known_scales + scaling.known_means).tolist()
        if model.num_static_covariates:
            static = rng.normal(size=model.num_static_covariates) * scaling.static_scales + scaling.static_means
            example["static"] = static.tolist()
        return example

    def _window(self, examples: Sequence[dict[str, Any]]) -> ForecastWindow:
        """Examples of one length, scaled."""
        scaling, model = self.run.scaling, self.run.model
        places = [scaling.names.index(one["series"]) for one in examples]
        means, scales = (np.array(part)[places][:, None] for part in (scaling.means, scaling.scales))
        values = (np.array([one["values"] for one in examples]) - means) / scales
        empty = np.zeros((len(examples), model.horizon, model.channels))
        whole = torch.from_numpy(np.concatenate([values, empty], axis=1)).float()
        known = np.zeros((len(examples), whole.shape[1], 0))
        if model.num_known_covariates:
            known = np.stack([scaling.scale_known_covariates(np.array(one["known"])) for one in examples])
        static = np.array([one.get("static", []) for one in examples])
        return ForecastWindow(
            whole,
            torch.ones_like(whole, dtype=torch.bool),
            torch.from_numpy(known).float(),
            torch.from_numpy(scaling.scale_static_covariates(static)).float(),
        )

    def inputs(self, examples: Sequence[dict[str, Any]]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`."""
        window = self._window(examples)
        return [
            self._arrays(window.values[:, : -self.run.model.horizon], window.known_covariates, window.static_covariates)
        ]

    def _arrays(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> tuple[Tensor, ...]:
        steps, model = history.shape[1], self.run.model
        of_known = (known_covariates[:, :steps], known_covariates[:, steps:]) if model.num_known_covariates else ()
        return history, *of_known, *((static_covariates,) if model.num_static_covariates else ())

    def to_input_line(self, example: dict[str, Any]) -> str:
        """See `ModelExporter`."""
        return json.dumps(example, ensure_ascii=False)

    def reference_answers(self, examples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        return [self._answer(one) for one in examples]

    def _answer(self, example: dict[str, Any]) -> dict[str, Any]:
        scaling, history = self.run.scaling, self.run.config.data.history
        short = {**example, "values": example["values"][-(history // self.segment * self.segment) :]}
        if "known" in example:
            short["known"] = example["known"][-len(short["values"]) - self.run.model.horizon :]
        told = forecast(self.run.model, self._window([short]))
        place = scaling.names.index(example["series"])
        record = {"series": example["series"]}
        for name, side in (("forecast", told.point), ("lower", told.lower), ("upper", told.upper)):
            if side is not None:
                record[name] = (side[0].double().numpy() * scaling.scales[place] + scaling.means[place]).tolist()
        return record

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model = copy.copy(self.run.model)

        def forward(history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
            arrays = self._arrays(history, known_covariates, static_covariates)
            return to_tensors(run("forecast", *to_numpy(arrays)))[0]

        model.forward = forward  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        data = self.run.config.data
        windows = open_split_windows(data, "dev", data.history)
        evaluate = partial(evaluate_windows, self.run._replace(model=model), windows)  # type: ignore[arg-type]
        return SplitEvaluation(time_evaluation(evaluate, len(windows)), len(windows) * data.history)
