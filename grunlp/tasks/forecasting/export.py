"""Export of forecasters: a graph from a scaled history to scaled forecasts.

The script does the scaling.

Shapes: B windows, T steps of history, H steps of horizon, C targets, F known covariates, K static covariates, O outputs
per forecast.
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
from grunlp.tasks.forecasting.onnx_runtime import ForecastRuntime
from grunlp.tasks.forecasting.segrnn import SegRNN
from grunlp.tasks.forecasting.windows import ForecastWindow
from grunlp.utils.errors import UserError


class _ForecastGraph(nn.Module):
    """Graph from history (B, T, C), known covariates (B, T, F) and (B, H, F) and static ones (B, K) to (B, H, C, O).

    Inputs of covariates that the model does not use are omitted.
    """

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
    """Exporter of forecasters; an example is the JSON object of a line, in units of the data."""

    kind, recipe, runtime_class = "forecaster", "forecast", ForecastRuntime

    def __init__(self, run: TrainedForecaster) -> None:
        self.run, model, scaling = run, run.model, run.scaling
        self.segment_length = model.segment_length if isinstance(model, SegRNN) else 1
        self.min_length = 1 if self.segment_length == 1 else 2 * self.segment_length
        if run.config.data.history < self.min_length:
            details = (
                f"a history of {run.config.data.history} steps has fewer than two segments of {self.segment_length}"
            )
            raise UserError(
                "this forecaster cannot be exported", details, "Train one with a lower model.segment_length="
            )
        steps = f"T*{self.segment_length}" if self.segment_length > 1 else "T"
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
            "min_length": self.min_length,
            "segment_length": self.segment_length,
            "output": model.output,
            "point": int(model.point_forecast(torch.arange(model.num_outputs))),
            "z": Z80,
            "series": {
                name: [means, scales]
                for name, means, scales in zip(scaling.names, scaling.means, scaling.scales, strict=True)
            },
            "known": [scaling.known_means, scaling.known_scales],
            "static": [scaling.static_means, scaling.static_scales],
            "settings": {},
        }
        fields = ['"series": NAME', f'"values": {self.model["history"]} rows of {", ".join(scaling.targets)}']
        if model.num_known_covariates:
            fields.append(f'"known": these and the next {model.horizon} rows of {", ".join(scaling.covariates)}')
        if model.num_static_covariates:
            fields.append(f'"static": {", ".join(scaling.statics)}')
        self.input_description = f"{{{', '.join(fields)}}}"
        self.files, self.settings = {}, {}

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[dict[str, Any]]:
        """See `ModelExporter`; all windows of a batch have the same length, a multiple of the segment length."""
        num_steps = max(lengths) // self.segment_length * self.segment_length
        return [self._example(num_steps, rng) for _ in lengths]

    def _example(self, num_steps: int, rng: np.random.Generator) -> dict[str, Any]:
        scaling, model = self.run.scaling, self.run.model
        series = int(rng.integers(len(scaling.names)))
        values = rng.normal(size=(num_steps, model.channels)).cumsum(axis=0) / 4
        known = rng.normal(size=(num_steps + model.horizon, model.num_known_covariates))
        example: dict[str, Any] = {"series": scaling.names[series]}
        example["values"] = (values * scaling.scales[series] + scaling.means[series]).tolist()
        if model.num_known_covariates:
            example["known"] = (known * scaling.known_scales + scaling.known_means).tolist()
        if model.num_static_covariates:
            static = rng.normal(size=model.num_static_covariates) * scaling.static_scales + scaling.static_means
            example["static"] = static.tolist()
        return example

    def _window(self, examples: Sequence[dict[str, Any]]) -> ForecastWindow:
        """Scale examples of equal length and stack them as a window batch."""
        scaling, model = self.run.scaling, self.run.model
        series = [scaling.names.index(example["series"]) for example in examples]
        means, scales = (np.array(statistics)[series][:, None] for statistics in (scaling.means, scaling.scales))
        values = (np.array([example["values"] for example in examples]) - means) / scales
        future = np.zeros((len(examples), model.horizon, model.channels))
        window = torch.from_numpy(np.concatenate([values, future], axis=1)).float()
        known = np.zeros((len(examples), window.shape[1], 0))
        if model.num_known_covariates:
            known = np.stack([scaling.scale_known_covariates(np.array(example["known"])) for example in examples])
        static = np.array([example.get("static", []) for example in examples])
        return ForecastWindow(
            window,
            torch.ones_like(window, dtype=torch.bool),
            torch.from_numpy(known).float(),
            torch.from_numpy(scaling.scale_static_covariates(static)).float(),
        )

    def inputs(self, examples: Sequence[dict[str, Any]]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`."""
        window = self._window(examples)
        history = window.values[:, : -self.run.model.horizon]
        return [self._arrays(history, window.known_covariates, window.static_covariates)]

    def _arrays(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> tuple[Tensor, ...]:
        num_steps, model = history.shape[1], self.run.model
        known = (known_covariates[:, :num_steps], known_covariates[:, num_steps:]) if model.num_known_covariates else ()
        return history, *known, *((static_covariates,) if model.num_static_covariates else ())

    def to_input_line(self, example: dict[str, Any]) -> str:
        """See `ModelExporter`."""
        return json.dumps(example, ensure_ascii=False)

    def reference_answers(self, examples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        return [self._forecast(example) for example in examples]

    def _forecast(self, example: dict[str, Any]) -> dict[str, Any]:
        scaling, history = self.run.scaling, self.run.config.data.history
        recent = {**example, "values": example["values"][-(history // self.segment_length * self.segment_length) :]}
        if "known" in example:
            recent["known"] = example["known"][-len(recent["values"]) - self.run.model.horizon :]
        prediction = forecast(self.run.model, self._window([recent]))
        series = scaling.names.index(example["series"])
        record = {"series": example["series"]}
        for name in ("point", "lower", "upper"):
            scaled = getattr(prediction, name)
            if scaled is not None:
                values = scaled[0].double().numpy() * scaling.scales[series] + scaling.means[series]
                record["forecast" if name == "point" else name] = values.tolist()
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
