"""Train a forecaster: seed, series, scaling, model, task, trainer, fit, test once."""

import logging
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.configuration.saved_config import save_config
from grunlp.runs.file_list import run_file
from grunlp.runs.layout import CONFIG, FORECAST_PLOT, SCALER, RunMode, start_run
from grunlp.tasks.forecasting import SPEC
from grunlp.tasks.forecasting.baselines import fit_linear
from grunlp.tasks.forecasting.checkpoint import build_forecaster, save_linear_baseline
from grunlp.tasks.forecasting.data import open_time_series, settled_options
from grunlp.tasks.forecasting.datamodule import ForecastingDataModule
from grunlp.tasks.forecasting.forecast_figure import plot_forecasts
from grunlp.tasks.forecasting.inference import ForecastEvaluation, evaluate_forecaster, scale_table
from grunlp.tasks.forecasting.lightning import ForecasterTask
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.forecasting.windows import RowRanges, forecast_origins
from grunlp.training.options import OptimizerOptions
from grunlp.training.trainer import fit_and_evaluate, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the first rows, keep the epoch that forecasts the next rows best, evaluate the last rows once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_time_series(config.data)
    config.data = settled_options(config.data, corpus.table)
    table, sizes = corpus.table, (config.data.history, config.data.horizon)
    scaling = fit_standardizer(table, corpus.train[:, 1], corpus.seasonality, config.data.history)
    scaled = scale_table(table, scaling, config.data.history)
    origins = {split: forecast_origins(table, getattr(corpus, split), *sizes) for split in ("train", "dev")}
    loader = config.loader
    data = ForecastingDataModule(
        scaled.tensors, origins, *sizes, loader.batch_size, loader.shuffle_each_epoch, config.seed
    )

    columns = (len(table.target_names), len(table.covariate_names), len(table.static_covariate_names))
    model = build_forecaster(config, *columns)
    linear_weights, ridge = fit_linear(scaled.tensors, origins["train"], origins["dev"], *sizes)
    if start_run(run_dir, mode):
        save_config(run_file(run_dir, CONFIG), config)
        scaling.save(run_file(run_dir, SCALER))
        save_linear_baseline(run_dir, linear_weights)
    t = config.trainer
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    task = ForecasterTask(model, OptimizerOptions(**config.optimizer), steps)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d training windows, %d of dev; ridge penalty of the linear model %g", *map(len, origins.values()), ridge)

    def evaluate(rows: RowRanges) -> ForecastEvaluation:
        windows = forecast_origins(table, rows, *sizes)
        return evaluate_forecaster(model, linear_weights, scaled, windows, config.data.history, corpus.seasonality)

    results = fit_and_evaluate(trainer, task, data, corpus, evaluate, run_dir, mode)
    for split, evaluation in results.items():
        plot_forecasts(evaluation, run_file(run_dir, FORECAST_PLOT.format(split)))
    if results:
        SPEC.write_card(run_dir)
