"""The FastAPI app: its models, routes and middleware."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from grunlp import __version__
from grunlp.serving.errors import ERROR_RESPONSES, add_error_handlers, retry_later
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService
from grunlp.serving.openapi_docs import add_docs_routes
from grunlp.serving.prometheus import CONTENT_TYPE, ServerMetrics
from grunlp.serving.request_middleware import RequestGuardMiddleware
from grunlp.serving.routes_demo_page import add_demo_page
from grunlp.serving.routes_models import add_model_routes
from grunlp.serving.routes_predict import add_predict_route
from grunlp.serving.routes_stream import add_stream_route
from grunlp.tasks import Predictor


class ServerStatus(BaseModel):
    """The response of the routes that monitor the server."""

    status: Literal["alive", "ready"]


def create_app(
    models: Mapping[str, Predictor[Any, Any]],
    limits: ServerLimits,
    workers: int = 0,
    hosts: Collection[str] | None = None,
    origins: Collection[str] = (),
) -> FastAPI:
    """Make the app that serves models, whose threads start and end with its lifespan.

    Args:
        models: the predictors by their ids in URLs, which `grunlp.serving.model_service.assign_ids` makes.
        limits: the limits of requests.
        workers: processes that predict sentences, for each model; 0: this process predicts.
        hosts: host names that clients may use for the server; None: any. See `RequestGuardMiddleware`.
        origins: origins whose pages may call it from a browser (CORS).

    Returns:
        the app. Its `state.models` has each `ModelService` by its id; its `state.gate` is the app behind its limits,
        which a server runs.
    """
    metrics = ServerMetrics()
    served = {id: ModelService(id, predictor, limits, metrics, workers) for id, predictor in models.items()}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for model in served.values():
            model.scheduler.start()
        yield
        for model in served.values():
            await model.scheduler.close()

    app = FastAPI(title="grunlp", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    add_error_handlers(app)
    add_docs_routes(app)
    add_model_routes(app, served)
    add_predict_route(app, served, limits)
    add_stream_route(app, served, limits)
    add_demo_page(app, served, limits)
    _add_status_routes(app, served, metrics)
    app.state.models = served
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], allow_headers=["content-type"]
        )
    app.state.gate = RequestGuardMiddleware(app, limits, metrics, hosts)
    return app


def _add_status_routes(app: FastAPI, services: Mapping[str, ModelService], metrics: ServerMetrics) -> None:
    """Add the routes for monitoring the server."""

    @app.get("/health", tags=["server"])
    async def health() -> ServerStatus:
        """Return a response that shows that the server is alive."""
        return ServerStatus(status="alive")

    @app.get("/ready", tags=["server"], responses={503: ERROR_RESPONSES[503]})
    async def ready() -> ServerStatus:
        """Check whether all models are loaded and can predict, and the server is not stopping."""
        if app.state.gate.stopping or not all(model.scheduler.ready for model in services.values()):
            raise retry_later(503, "The server is not ready.", 1)
        return ServerStatus(status="ready")

    @app.get("/metrics", tags=["server"], response_class=Response)
    async def prometheus() -> Response:
        """Return the metrics for Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)
