"""A server on a port of its own, with small limits."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

import grunlp
from grunlp.serving.app import create_app
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import assign_ids
from grunlp.serving.server import GracefulServer, make_server, open_sockets
from grunlp.tasks import Predictor
from tests.serving.client import wait_until
from tests.serving.models import Moody, forecaster, language_model, measured_classifier, text_classifier, writer

LIMITS = replace(
    ServerLimits(),
    max_connections=40,
    max_body_bytes=200_000,
    max_characters=6000,
    max_tokens=1500,
    max_texts=20,
    max_prompt=300,
    max_length=200,
    max_queue=2000,
    max_streams=2,
    header_timeout=0.6,
    body_timeout=0.6,
    response_timeout=3.0,
    send_timeout=0.6,
    shutdown_timeout=5.0,
)


class Running(NamedTuple):
    port: int
    server: GracefulServer
    models: dict[str, Predictor[Any, Any]]
    app: Any


def running(models: dict[str, Predictor[Any, Any]], limits: ServerLimits) -> Iterator[Running]:
    """A server until the caller is done with it."""
    sockets = open_sockets("127.0.0.1", 0)
    app = create_app(models, limits, hosts=["localhost", "127.0.0.1"])
    server = make_server(app, limits)
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    wait_until(lambda: all(model.scheduler.warm.is_set() for model in app.state.models.values()), 30)
    try:
        yield Running(sockets[0].getsockname()[1], server, models, app)
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def box() -> Predictor[Any, Any]:
    return grunlp.load("default")


@pytest.fixture(scope="session")
def served(box: Predictor[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One model of each kind."""
    series = forecaster(tmp_path_factory.mktemp("series"))
    others = [box, language_model(), writer(), text_classifier(), measured_classifier(), series, Moody()]
    yield from running(assign_ids(others), LIMITS)
