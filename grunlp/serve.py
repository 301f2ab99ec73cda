"""`python -m grunlp.serve run=DIR` answers over HTTP what `grunlp.predict` prints.

It stands on FastAPI and uvicorn. LitServe, which stands on them too, was looked at (0.2.19): it batches so many
requests, not so many tokens, so that a short text waits for the long ones beside it, and runs the model in a process of
its own, with every request and answer pickled on the way. A model of milliseconds a sentence needs no such process.
"""

import importlib.util
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.configuration.key_value_args import parse_arguments
from grunlp.serving.limits import DEFAULT_LIMITS, ServerLimits
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from grunlp.tasks import Predictor

_SERVER_DEFAULTS: dict[str, Any] = {
    "run": "default",
    "host": "127.0.0.1",
    "port": 8000,
    "hosts": None,
    "cors": None,
    "processes": -1,
}
DEFAULTS: dict[str, Any] = {**_SERVER_DEFAULTS, **asdict(DEFAULT_LIMITS)}
_REQUIRED_PACKAGES = ("fastapi", "fastapi_offline", "prometheus_client", "uvicorn")
_REQUEST_LOGGERS = ("uvicorn.error", "grunlp.data", "grunlp.tasks")  # with whose warnings clients would fill the log
_MAX_DEFAULT_WORKERS = 4  # processes a model, unless more are asked for
_LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")

HELP = """Serve models over HTTP.

  python -m grunlp.serve                         the labeller that comes with grunlp, at http://127.0.0.1:8000
  python -m grunlp.serve run=DIR,DIR port=8080   models of one's own, each named by its folder

  curl localhost:8000/models/default/predict -H 'Content-Type: application/json' -d '{"text": "She gave him a book."}'

addresses:
  GET  /                     a page to type texts into and see what the models say
  GET  /models               what there is: ids and kinds
  POST /models/ID/predict    {"text": "..."} or {"texts": ["...", ...]}; of forecasters a text is a table in CSV; of
                             classifiers of measurements {"measurements": [[...], ...]}
  POST /models/ID/drawing    {"text": "..."}: the same as a fragment of HTML, as the page shows it
  POST /models/ID/stream     {"prompt": "..."}: of language models and writers, piece by piece
  GET  /health /ready /metrics    alive; loaded and warm; for Prometheus
  GET  /docs /openapi.json   all addresses, to read and try

keys:
  run=default                run folders between commas; default is the model that comes with grunlp (English)
  host=127.0.0.1             this machine alone can reach it; 0.0.0.0: others too
  port=8000                  0: any that is free
  hosts=null                 names between commas by which clients may call it; null: names of this machine alone where
                             it alone can reach it, otherwise any
  processes=-1               that label or tag sentences, for each model, beside the server, of about 450 MiB each; 0:
                             it does it itself; -1: as many as it has cores, four at most, and 0 on a single core
  cors=null                  origins between commas, as https://example.org, whose pages may call it

limits, of a request where nothing else is said; what goes beyond is refused with a 4xx or 503, which says so:
  max_connections=256        open at once
  max_header_bytes=16384     its first line and headers together
  max_headers=64             how many
  max_body_bytes=524288      counted as they come
  max_texts=128              how many
  max_characters=25000       of all its texts together
  max_tokens=5000            words of all its texts together, or steps of measurements
  max_prompt=2000            characters of a prompt
  max_length=1000            tokens that a language model draws for all its texts together, a writer for one
  max_queue=10000            tokens that wait for a model, drawn ones included; then 429 with Retry-After
  max_streams=16             texts that a model writes piece by piece at once
  batch_tokens=500           that a model computes together where more than one sentence is waiting
  head_seconds=10.0          until its headers are in
  body_seconds=10.0          until its body is in
  answer_seconds=30.0        from there to its answer, waiting included
  send_seconds=10.0          that its client may leave an answer unread
  stop_seconds=30.0          for what is under way when the server is told to stop

SIGTERM or Ctrl-C: what was taken is answered, what is new is refused, and it ends with status 0."""


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Load, then serve until told to stop."""
    given = parse_arguments(arguments, DEFAULTS)
    if missing := [name for name in _REQUIRED_PACKAGES if importlib.util.find_spec(name) is None]:
        wrong = f"{', '.join(missing)}: not installed"
        raise UserError(wrong, "a server needs them", "Type pip install 'grunlp[serve]'")
    limits = ServerLimits(**{field.name: given[field.name] for field in fields(ServerLimits)})
    _validate_limits(limits)
    from grunlp.serving.model_service import assign_ids
    from grunlp.serving.server import open_sockets
    from grunlp.tasks import load

    sockets = open_sockets(given["host"], given["port"])
    try:
        models = assign_ids(load(_resolve_run_path(run)) for run in given["run"].split(","))
        _serve(models, limits, given, sockets)
    finally:
        for one in sockets:
            one.close()
    return 0


def _serve(
    models: "Mapping[str, Predictor[Any, Any]]",
    limits: ServerLimits,
    options: Mapping[str, Any],
    sockets: list[socket.socket],
) -> None:
    from grunlp.serving.app import create_app
    from grunlp.serving.server import make_server

    app = create_app(
        models,
        limits,
        processes=_default_worker_count() if options["processes"] < 0 else options["processes"],
        hosts=_allowed_hosts(options["host"], options["hosts"], sockets),
        origins=options["cors"].split(",") if options["cors"] else (),
    )
    server = make_server(app, limits)
    for name in _REQUEST_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    port = sockets[0].getsockname()[1]
    print(f"serving {', '.join(models)} at http://{options['host']}:{port}, until Ctrl-C", file=sys.stderr, flush=True)
    server.run(sockets)


def _default_worker_count() -> int:
    """As many as are worth their memory."""
    import torch

    cores = torch.get_num_threads()
    return min(cores, _MAX_DEFAULT_WORKERS) if cores > 1 and os.name == "posix" else 0


def _resolve_run_path(run: str) -> "str | Path":
    """A run as it is loaded: its whole path, which answers can be searched for."""
    return run if run == "default" else Path(run).resolve()


def _allowed_hosts(host: str, names: str | None, sockets: Sequence[socket.socket]) -> list[str] | None:
    """The names that clients may use, None: any. Who alone can reach a server by loopback still opens foreign pages."""
    own = names.split(",") if names else []
    if all(ipaddress.ip_address(one.getsockname()[0].partition("%")[0]).is_loopback for one in sockets):
        return [*_LOOPBACK_HOSTS, host.lower(), *own]
    return [*_LOOPBACK_HOSTS, *own] if own else None


def _validate_limits(limits: ServerLimits) -> None:
    """Raise UserError for limits that are good alone and do not fit each other."""
    for least, most in (("max_tokens", "max_queue"), ("max_length", "max_queue"), ("max_prompt", "max_characters")):
        if getattr(limits, least) > getattr(limits, most):
            wrong = f"{least}={getattr(limits, least)} with {most}={getattr(limits, most)}"
            raise UserError(wrong, "no such request could ever be taken", f"Type {most}={getattr(limits, least)}")


if __name__ == "__main__":
    sys.exit(main())
