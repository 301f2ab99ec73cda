"""Predict a corpus with Ray Data, on the cores of one machine or of a cluster; 15 seconds beyond the predictions.

    python scripts/predict_ray.py input='texts/*.txt.gz' out=FOLDER
    python scripts/predict_ray.py run=DIR input='texts/*.jsonl' out=FOLDER format=parquet workers=64 address=auto

What `python -m grunlp.predict run=DIR input=FILE style=json` prints for each of the files comes in shards into the
folder, in the order of the input: of running text or JSON lines, by a labeller, tagger, classifier of texts or writer.
The same command goes on where it stopped, whatever stopped it, and a worker that dies is replaced. What lies in the
folder stands in `grunlp/integrations/shard_prediction.py`. Needs grunlp[ray].

    run=default        the run folder
    input=             a file, or a pattern in quotes; ** stands for folders of any depth
    out=               a new folder, or one that was begun
    format=jsonl       or parquet, with columns file, line, id and record, which is the JSON object
    workers=2          processes, of one core each
    shard_lines=5000   lines a shard: what is lost with a worker
    batch_tokens=3000  tokens a batch
    address=local      this machine alone; auto: the cluster that `ray start` made it a part of; or an address

A bad line is left out and named in a file beside its shard; then the exit status is 1.

On a cluster all machines need grunlp, and the files, the run and the folder at the same place. A compressed file is
unpacked from its beginning for each of its shards: better many of 100 MB than one of 10 GB. A shard whose worker dies
is tried again without end. Glosses of senses are those of the frame files in the cache of the machine, as always. Ray
listens on all interfaces of a machine, to whoever shows its token (~/.ray); keep it behind a firewall.
"""

import importlib.util
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.configuration.key_value_args import parse_arguments
from grunlp.configuration.schema import check_choice
from grunlp.runs.lock import folder_lock
from grunlp.tasks.predictor import BATCH_TOKENS
from grunlp.utils.atomic_io import remove_temp_files, translate_os_errors
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError
from grunlp.utils.signals import raise_on_signals

if TYPE_CHECKING:
    from grunlp.integrations.shard_prediction import ShardStats

DEFAULTS: dict[str, Any] = {
    "run": "default",
    "input": None,
    "out": None,
    "format": "jsonl",
    "workers": 2,
    "shard_lines": 5000,
    "batch_tokens": BATCH_TOKENS,
    "address": "local",
}
_MAX_BLOCKS = 10_000  # at most, of shards that Ray hands out together
_LOG_INTERVAL = 10.0  # seconds

log = logging.getLogger("grunlp")


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Plan, predict what is not there, count."""
    given = parse_arguments(arguments, DEFAULTS)
    files = input_files(given["input"])
    if given["out"] is None:
        raise UserError("out= is missing", "the shards need a folder", "Type out=FOLDER")
    if importlib.util.find_spec("ray") is None:
        raise UserError("the package ray is not installed", "it runs the workers", "Type pip install 'grunlp[ray]'")
    from grunlp.integrations.shard_prediction import FORMATS, finish_job, plan_shards, start_job
    from grunlp.tasks import load

    check_choice("format", given["format"], FORMATS)
    folder = Path(given["out"])
    settings = {key: given[key] for key in ("format", "shard_lines", "batch_tokens")}
    plan = plan_shards(load(given["run"]), files, settings)
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with folder_lock("out", folder):
        remove_temp_files(folder)
        start_job(folder, plan)
        started = time.perf_counter()
        counted = list(predict_all(plan, given))
        seconds = time.perf_counter() - started
        remove_temp_files(folder)  # of workers that died
        sums = finish_job(folder, counted)
    print(", ".join(f"{count} {what}" for what, count in sums.items()))
    fresh = [one for one in counted if one.seconds]
    lines, busy = sum(one.lines for one in fresh), sum(one.seconds for one in fresh)
    if fresh:
        print(f"{len(fresh)} shards in {seconds:.1f} s; {lines / busy:.1f} lines a second of a core that predicts")
    return 1 if sums["bad"] else 0


def input_files(pattern: str | None) -> list[str]:
    """The files of a pattern, in order of their names. Raises UserError where there is none."""
    if pattern is None:
        raise UserError("input= is missing", "there is nothing to predict", "Type input='texts/*.txt'")
    from grunlp.data.datasets.arrow_cache import glob_files

    return glob_files(pattern)


def predict_all(plan: dict[str, Any], options: dict[str, Any]) -> "Iterator[ShardStats]":
    """What became of each shard, as they come."""
    from grunlp.integrations.shard_prediction import ShardPredictor, ShardStats, iter_shards

    rows = [shard._asdict() for shard in iter_shards(plan)]
    run = options["run"] if options["run"] == "default" else str(Path(options["run"]).resolve())
    worker = (Path(options["out"]).resolve(), Path.cwd(), run, options["format"], options["batch_tokens"])
    with ray_cluster(options["address"], options["workers"]) as data:
        pool = data.ActorPoolStrategy(size=min(options["workers"], len(rows)), max_tasks_in_flight_per_actor=1)
        shards = data.from_items(rows, override_num_blocks=min(len(rows), _MAX_BLOCKS))
        said, lines, all_lines = time.monotonic(), 0, sum(row["lines"] for row in rows)
        for row in shards.map(ShardPredictor, fn_constructor_args=worker, compute=pool, num_cpus=1).iter_rows():
            counts = ShardStats(**row)
            if counts.error:
                raise UserError(counts.error)
            yield counts
            lines += counts.lines
            if time.monotonic() > said + _LOG_INTERVAL:
                said = time.monotonic()
                log.info("%d of %d lines", lines, all_lines)


@contextmanager
def ray_cluster(address: str, workers: int) -> Iterator[Any]:
    """The module ray.data, within a cluster: one of this machine alone, or that of an address."""
    # Nothing goes to the makers of Ray; of what it logs, errors that it cannot mend come up as exceptions.
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_BACKEND_LOG_LEVEL="fatal", OMP_NUM_THREADS="1")
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    own = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    where = own if address == "local" else {"address": address}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        _init_ray(ray, address, where)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        with raise_on_signals():  # again, since Ray has its own handler
            yield ray.data
    finally:
        ray.shutdown()


def _init_ray(ray: Any, address: str, where: dict[str, Any]) -> None:
    """Start a cluster, or find it. Raises UserError where that fails."""
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
    except Exception as error:  # of no kind of its own
        way = "Try again when the machine is less busy." if address == "local" else "Type ray start, or address=local"
        raise UserError(f"address={address}: Ray did not start", str(error).partition("\n")[0], way) from None


if __name__ == "__main__":
    sys.exit(main())
