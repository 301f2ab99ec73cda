"""Predict a corpus with Ray Data, on the cores of one machine or of a cluster.

    python scripts/predict_ray.py input='texts/*.txt.gz' out=FOLDER
    python scripts/predict_ray.py run=DIR input='texts/*.jsonl' out=FOLDER format=parquet workers=64 address=auto

The output folder receives the records that `python -m grunlp.predict run=DIR input=FILE output_format=json` prints for
each file, as numbered shards in the order of the input. The input is running text or JSON lines; the model is a role
labeller, a tagger, a text classifier, a translator or a summarizer. Run the same command again to resume after any
interruption; a worker that dies is replaced. `grunlp/integrations/shard_prediction.py` describes the files of the
output folder. Needs grunlp[ray]. Starting and stopping Ray takes about 15 seconds.

A malformed line is skipped and listed in a .bad file next to its shard; the exit status is then 1.

On a cluster, every machine needs grunlp, and the input, the run folder and the output folder at the same paths. A
compressed file is decompressed from its start for each of its shards, so prefer many files of 100 MB to one of 10 GB.
A shard whose worker dies is retried without limit. Each machine takes role descriptions from the frame files in its own
cache. Ray listens on all network interfaces and accepts every client that has its token (~/.ray); keep it behind a
firewall.
"""

import importlib.util
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from grunlp.configuration.options import format_options, option, parse_options
from grunlp.runs.lock import folder_lock
from grunlp.utils.atomic_io import remove_temp_files, translate_os_errors
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError
from grunlp.utils.signals import raise_on_signals

if TYPE_CHECKING:
    from grunlp.integrations.shard_prediction import ShardStats


@dataclass
class PredictRayOptions:
    """Options of this script."""

    run: str = option("default", "run folder of the model", content="run")
    input: str | None = option(None, "file, or quoted glob pattern; ** matches folders of any depth", content="path")
    out: str | None = option(None, "output folder: new, or that of an interrupted job", content="path")
    format: Literal["jsonl", "parquet"] = option(
        "jsonl", "of the shards; parquet has columns file, line, id and record (the JSON object)"
    )
    workers: int = option(2, "worker processes, one core each", minimum=1, maximum=65_536)
    shard_lines: int = option(
        5000, "lines of a shard, the unit of work that is lost when a worker dies", minimum=1, maximum=10**9
    )
    batch_tokens: int = option(3000, "tokens in a batch; fewer need less memory", minimum=1, maximum=10**9)
    address: str = option(
        "local", "local: this machine only; auto: the cluster that `ray start` joined; or a cluster address"
    )


_MAX_BLOCKS = 10_000  # upper limit of Ray Data blocks, each a group of shards
_LOG_INTERVAL = 10.0  # seconds

log = logging.getLogger("grunlp")


@command(lambda arguments: f"{__doc__}\nkeys:\n{format_options(PredictRayOptions)}")
def main(arguments: list[str]) -> int:
    """Plan the job, predict the missing shards and print the totals."""
    options = parse_options(arguments, PredictRayOptions)
    files = input_files(options.input)
    if options.out is None:
        raise UserError("out= is missing", "it names the output folder", "Type out=FOLDER")
    if importlib.util.find_spec("ray") is None:
        raise UserError("the package ray is not installed", "it runs the workers", "Type pip install 'grunlp[ray]'")
    from grunlp.integrations.shard_prediction import TEMP_FILES, finish_job, plan_shards, start_job
    from grunlp.tasks import load

    folder = Path(options.out)
    settings = {key: getattr(options, key) for key in ("format", "shard_lines", "batch_tokens")}
    plan = plan_shards(load(options.run), files, settings)
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with folder_lock("out", folder):
        remove_temp_files(folder, TEMP_FILES)
        start_job(folder, plan)
        started = time.perf_counter()
        shard_stats = list(predict_all(plan, folder, options))
        seconds = time.perf_counter() - started
        remove_temp_files(folder, TEMP_FILES)  # left by workers that died
        totals = finish_job(folder, shard_stats)
    print(", ".join(f"{count} {name}" for name, count in totals.items()))
    predicted = [stats for stats in shard_stats if stats.seconds]  # without the shards of earlier calls
    if predicted:
        speed = sum(stats.lines for stats in predicted) / sum(stats.seconds for stats in predicted)
        print(f"{len(predicted)} shards in {seconds:.1f} s; {speed:.1f} lines/s per predicting core")
    return 1 if totals["bad"] else 0


def input_files(pattern: str | None) -> list[str]:
    """Return the files that match a pattern, sorted by name.

    Raises:
        UserError: the pattern is None or matches no file.
    """
    if pattern is None:
        raise UserError("input= is missing", "it names the files to predict", "Type input='texts/*.txt'")
    from grunlp.data.datasets.file_patterns import glob_files

    return glob_files(pattern)


def predict_all(plan: dict[str, Any], folder: Path, options: PredictRayOptions) -> "Iterator[ShardStats]":
    """Predict all shards with Ray and yield the statistics of each as it completes."""
    from grunlp.integrations.shard_prediction import ShardPredictor, ShardStats, iter_shards

    rows = [shard._asdict() for shard in iter_shards(plan)]
    run = options.run if options.run == "default" else str(Path(options.run).resolve())
    worker = (folder.resolve(), Path.cwd(), run, options.format, options.batch_tokens)
    with ray_cluster(options.address, options.workers) as data:
        pool = data.ActorPoolStrategy(size=min(options.workers, len(rows)), max_tasks_in_flight_per_actor=1)
        shards = data.from_items(rows, override_num_blocks=min(len(rows), _MAX_BLOCKS))
        last_log, lines, total_lines = time.monotonic(), 0, sum(row["lines"] for row in rows)
        for row in shards.map(ShardPredictor, fn_constructor_args=worker, compute=pool, num_cpus=1).iter_rows():
            stats = ShardStats(**row)
            if stats.error:
                raise UserError(stats.error)
            yield stats
            lines += stats.lines
            if time.monotonic() > last_log + _LOG_INTERVAL:
                last_log = time.monotonic()
                log.info("%d of %d lines", lines, total_lines)


@contextmanager
def ray_cluster(address: str, workers: int) -> Iterator[Any]:
    """Start a local cluster or join the one at `address`; yield the module ray.data and disconnect at the end."""
    # Disable usage statistics and silence Ray's logs; errors that it cannot recover from are raised as exceptions.
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_BACKEND_LOG_LEVEL="fatal", OMP_NUM_THREADS="1")
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    local = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    cluster = local if address == "local" else {"address": address}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        _init_ray(ray, address, cluster)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        with raise_on_signals():  # ray.init replaced the signal handlers
            yield ray.data
    finally:
        ray.shutdown()


def _init_ray(ray: Any, address: str, cluster: dict[str, Any]) -> None:
    """Call `ray.init` with the arguments `cluster`.

    Raises:
        UserError: no cluster could be started or reached.
    """
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **cluster)
    except Exception as error:  # Ray documents no exception class for this
        hint = "Try again when the machine is less busy." if address == "local" else "Type ray start, or address=local"
        raise UserError(f"address={address}: Ray did not start", str(error).partition("\n")[0], hint) from None


if __name__ == "__main__":
    sys.exit(main())
