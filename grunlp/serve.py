"""`python -m grunlp.serve run=DIR` serves the predictions of `grunlp.predict` over HTTP.

It uses FastAPI and uvicorn. LitServe 0.2.19, which uses them too, batches requests by their number instead of by their
tokens, so that a short text waits for the long ones in its batch. It also runs the model in another process and pickles
every request and response, which takes longer than a model that needs milliseconds for a sentence.
"""

import gc
import importlib.util
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.configuration.options import Option, format_options, option, options_of, parse_options
from grunlp.serving.limits import ServerLimits
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from grunlp.tasks import Predictor

_REQUIRED_PACKAGES = ("fastapi", "fastapi_offline", "prometheus_client", "uvicorn")
_REQUEST_LOGGERS = ("uvicorn.error", "grunlp.data", "grunlp.tasks")  # clients could fill the log with their warnings
_MAX_DEFAULT_WORKERS = 4
_LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


@dataclass
class ServeOptions(ServerLimits):
    """Options of `python -m grunlp.serve`."""

    run: str = option("default", "run folders, comma-separated; default: the bundled model (English)", content="run")
    host: str = option("127.0.0.1", "address to listen on; 0.0.0.0: also reachable from other machines")
    port: int = option(8000, "port to listen on; 0: any free one", minimum=0, maximum=65_535)
    hosts: str | None = option(
        None,
        "comma-separated host names that clients may use; null: names of this machine if only this machine can reach "
        "the server, otherwise any",
    )
    cors: str | None = option(
        None, "comma-separated origins, such as https://example.org, whose pages may call the server", content="text"
    )
    workers: int = option(
        -1,
        "processes that predict sentences for each model, about 450 MiB each; 0: the server predicts; -1: one for "
        "each core, at most four, and 0 on a single core",
        minimum=-1,
        maximum=256,
    )


_LIMITS = options_of(ServerLimits)
_OWN = [entry for key, entry in options_of(ServeOptions).items() if key not in _LIMITS]

_HELP = f"""Serve models over HTTP.

  python -m grunlp.serve                         the bundled model, at http://127.0.0.1:8000
  python -m grunlp.serve run=DIR,DIR port=8080   your own models, each named by its folder

  curl localhost:8000/models/default/predict -H 'Content-Type: application/json' -d '{{"text": "She gave him a book."}}'

addresses:
  GET  /                     a page to type texts into and see the predictions
  GET  /models               the models: ids and tasks
  POST /models/ID/predict    {{"text": "..."}} or {{"texts": ["...", ...]}}; forecasters take a table in CSV,
                             classifiers of measurements {{"measurements": [[...], ...]}}
  POST /models/ID/drawing    {{"text": "..."}}: the prediction as a fragment of HTML, as the page shows it
  POST /models/ID/stream     {{"prompt": "..."}}: a generated text, piece by piece
  GET  /health /ready /metrics    alive; loaded and warm; for Prometheus
  GET  /docs /openapi.json   all addresses, to read and try

keys:
{format_options(_OWN)}

limits of a request, unless the text says otherwise; a request beyond them gets a 4xx or 503 that says why:
{format_options(_LIMITS.values())}

SIGTERM or Ctrl-C: running requests are answered, new ones refused, and the server exits with status 0."""


def list_options(arguments: Sequence[str]) -> dict[str, dict[str, Option]]:
    """List the options."""
    return {"serve": dict(options_of(ServeOptions))}


@command(lambda arguments: _HELP)
def main(arguments: list[str]) -> int:
    """Load the models, then serve until stopped."""
    options = parse_options(arguments, ServeOptions)
    if missing := [name for name in _REQUIRED_PACKAGES if importlib.util.find_spec(name) is None]:
        raise UserError(
            f"{', '.join(missing)}: not installed",
            "the server needs these packages",
            "Type pip install 'grunlp[serve]'",
        )
    _validate_limits(options)
    from grunlp.serving.model_service import assign_ids
    from grunlp.serving.server import open_sockets
    from grunlp.tasks import load

    sockets = open_sockets(options.host, options.port)
    try:
        models = assign_ids(load(_resolve_run_path(run)) for run in options.run.split(","))
        _serve(models, options, sockets)
    finally:
        for listener in sockets:
            listener.close()
    return 0


def _serve(models: "Mapping[str, Predictor[Any, Any]]", options: ServeOptions, sockets: list[socket.socket]) -> None:
    from grunlp.serving.app import create_app
    from grunlp.serving.log_rate_limit import limit_log_rate
    from grunlp.serving.server import fit_connections, make_server

    workers = _default_worker_count() if options.workers < 0 else options.workers
    limits = ServerLimits(**{field.name: getattr(options, field.name) for field in fields(ServerLimits)})
    limits = fit_connections(limits, workers * len(models))
    app = create_app(
        models,
        limits,
        workers=workers,
        hosts=_allowed_hosts(options.host, options.hosts, sockets),
        origins=options.cors.split(",") if options.cors else (),
    )
    server = make_server(app, limits)
    for name in _REQUEST_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    limit_log_rate()
    port = sockets[0].getsockname()[1]
    print(f"serving {', '.join(models)} at http://{options.host}:{port}, until Ctrl-C", file=sys.stderr, flush=True)
    gc.freeze()  # Otherwise a body of many small objects makes the collector visit all of PyTorch, for 0.3 s.
    server.run(sockets)
    if any(model.scheduler.computing for model in app.state.models.values()):
        server.exit_now()


def _default_worker_count() -> int:
    """Return the number of workers: one for each core, up to a limit; 0 on one core and without POSIX."""
    import torch

    cores = torch.get_num_threads()
    return min(cores, _MAX_DEFAULT_WORKERS) if cores > 1 and os.name == "posix" else 0


def _resolve_run_path(run: str) -> "str | Path":
    """Return the absolute path of a run, which error messages can then be searched for."""
    return run if run == "default" else Path(run).resolve()


def _allowed_hosts(host: str, names: str | None, sockets: Sequence[socket.socket]) -> list[str] | None:
    """Return the host names that clients may use for the server; None: any.

    Only browsers on this machine can reach a server on a loopback address, but the pages they show may come from any
    site.
    """
    public_names = names.split(",") if names else []
    if all(ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback for listener in sockets):
        return [*_LOOPBACK_HOSTS, host.lower(), *public_names]
    return [*_LOOPBACK_HOSTS, *public_names] if public_names else None


def _validate_limits(limits: ServerLimits) -> None:
    """Raise UserError for limits that contradict each other."""
    for smaller, larger in (
        ("max_tokens", "max_queue"),
        ("max_length", "max_queue"),
        ("max_prompt", "max_characters"),
        ("max_response_bytes", "max_unsent_bytes"),
    ):
        if getattr(limits, smaller) > getattr(limits, larger):
            raise UserError(
                f"{smaller}={getattr(limits, smaller)} with {larger}={getattr(limits, larger)}",
                "the largest request allowed could never be accepted",
                f"Type {larger}={getattr(limits, smaller)}",
            )


if __name__ == "__main__":
    sys.exit(main())
