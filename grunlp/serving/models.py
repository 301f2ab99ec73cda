"""`GET /models`, and the model that an address names."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import FastAPI, Path
from pydantic import BaseModel

from grunlp.serving.problems import Problem
from grunlp.serving.served import Served

ModelId = Annotated[str, Path(description="As GET /models lists it.", examples=["default"])]


class Model(BaseModel):
    """A model in the list."""

    id: str
    kind: Literal["labeller", "tagger", "classifier", "writer", "language-model", "forecaster"]
    description: str
    takes: Literal["text", "measurements", "table"]
    streams: bool


def find(models: Mapping[str, Served], id: str) -> Served:
    """The model of an id. Raises Problem."""
    if id not in models:
        raise Problem(404, "There is no such model.", "GET /models lists those there are.")
    return models[id]


def add_models(app: FastAPI, models: Mapping[str, Served]) -> None:
    """Add the route."""

    @app.get("/models", tags=["models"])
    async def list_models() -> list[Model]:
        """The models that are served."""
        return [Model(**model.described()) for model in models.values()]
