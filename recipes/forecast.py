"""Train a forecaster: seed, series, scaling, model, task, trainer, fit, test once."""

import logging
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.configuration.saved_config import save_config
from grunlp.runs.layout import CONFIG, PICTURE, SCALING, Start, begin_run
from grunlp.tasks.forecasting.baselines import fit_linear
from grunlp.tasks.forecasting.checkpoint import build_forecaster, save_baseline
from grunlp.tasks.forecasting.data import open_series
from grunlp.tasks.forecasting.datamodule import SeriesData
from grunlp.tasks.forecasting.forecast_figure import draw_forecasts
from grunlp.tasks.forecasting.inference import Scored, prepare, score
from grunlp.tasks.forecasting.lightning import ForecasterTask
from grunlp.tasks.forecasting.scaler import fit_scaling
from grunlp.tasks.forecasting.windows import Bounds, origins_within
from grunlp.tasks.model_card import write_card
from grunlp.training.trainer import fit, make_trainer, score_splits

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, start: Start) -> None:
    """Train on the windows of the first rows, keep the epoch that forecasts the next ones best, test on the last."""
    seed_everything(config.seed, verbose=False)
    corpus = open_series(config.data)
    table, sizes = corpus.table, (config.data.history, config.data.horizon)
    scaling = fit_scaling(table, corpus.train[:, 1], corpus.season, config.data.history)
    prepared = prepare(table, scaling, config.data.history)
    origins = {split: origins_within(table, getattr(corpus, split), *sizes) for split in ("train", "dev")}
    loader = config.loader
    data = SeriesData(prepared.tensors, origins, *sizes, loader.batch_size, loader.reshuffle, config.seed)

    model = build_forecaster(config, len(table.targets), len(table.covariates), len(table.statics))
    weight, ridge = fit_linear(prepared.tensors, origins["train"], origins["dev"], *sizes)
    if begin_run(run_dir, start):
        save_config(run_dir / CONFIG, config)
        scaling.save(run_dir / SCALING)
        save_baseline(run_dir, weight)
    steps = data.count_steps(config.trainer.max_epochs, config.trainer.limit_batches, config.trainer.accumulate)
    task = ForecasterTask(model, config.model.loss, steps, **config.optimizer)
    trainer = make_trainer(run_dir, config.seed, **config.trainer)
    log.info("%d training windows, %d of dev; penalty of the linear model %g", *map(len, origins.values()), ridge)

    took = fit(trainer, task, data, run_dir, 0, start)

    def measure(rows: Bounds) -> Scored:
        return score(model, weight, prepared, origins_within(table, rows, *sizes), sizes[0], corpus.season)

    scored = score_splits(run_dir, corpus, measure)
    for split, scores in scored.items():
        draw_forecasts(scores, run_dir / PICTURE.format(split))
    write_card(run_dir)
    print(f"\n{took}")
