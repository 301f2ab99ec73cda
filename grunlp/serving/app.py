"""The app: models, routes and what stands before them."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from grunlp import __version__
from grunlp.serving.errors import PROBLEMS, add_problem_handlers, retry_later
from grunlp.serving.limits import Limits
from grunlp.serving.model_service import Served
from grunlp.serving.openapi_docs import add_docs
from grunlp.serving.prometheus import CONTENT_TYPE, Metrics
from grunlp.serving.request_middleware import Gate
from grunlp.serving.routes_demo_page import add_page
from grunlp.serving.routes_models import add_models
from grunlp.serving.routes_predict import add_predict
from grunlp.serving.routes_stream import add_stream
from grunlp.tasks import Predictor


class State(BaseModel):
    """How the server is."""

    status: Literal["alive", "ready"]


def create_app(
    models: Mapping[str, Predictor[Any, Any]],
    limits: Limits,
    processes: int = 0,
    hosts: Collection[str] | None = None,
    origins: Collection[str] = (),
) -> FastAPI:
    """The app of some models. Their threads start and end with its lifespan.

    Args:
        models: by their ids in addresses; `grunlp.serving.model_service.named` makes ids.
        limits: of requests.
        processes: that compute for each labeller and tagger; 0: this one does.
        hosts: names the server answers to; None: any. See `Gate`.
        origins: whose pages may call it from a browser (CORS); none by default.

    Returns:
        the app. Its `state.models` has the `Served` by their ids; its `state.gate` is the app with its limits before
        it, which is what a server runs.
    """
    metrics = Metrics()
    served = {id: Served(id, predictor, limits, metrics, processes) for id, predictor in models.items()}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for model in served.values():
            model.worker.start()
        yield
        for model in served.values():
            await model.worker.close()

    app = FastAPI(title="grunlp", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    add_problem_handlers(app)
    add_docs(app)
    add_models(app, served)
    add_predict(app, served, limits)
    add_stream(app, served, limits)
    add_page(app, served, limits)
    _add_states(app, served, metrics)
    app.state.models = served
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=["content-type"]
        )
    app.state.gate = Gate(app, limits, metrics, hosts)
    return app


def _add_states(app: FastAPI, served: Mapping[str, Served], metrics: Metrics) -> None:
    """Add what watches over the server."""

    @app.get("/health", tags=["server"])
    async def health() -> State:
        """Whether the server is alive."""
        return State(status="alive")

    @app.get("/ready", tags=["server"], responses={503: PROBLEMS[503]})
    async def ready() -> State:
        """Whether all models are loaded and warm, and the server is not stopping."""
        if app.state.gate.stopping or not all(model.worker.warm.is_set() for model in served.values()):
            raise retry_later(503, "The server is not ready.", 1)
        return State(status="ready")

    @app.get("/metrics", tags=["server"], response_class=Response)
    async def prometheus() -> Response:
        """What Prometheus reads."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)
