"""`GET /models`, and the model that an address names."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path
from pydantic import BaseModel

from grunlp.serving.errors import Problem
from grunlp.serving.model_service import Served

ModelId = Annotated[str, Path(description="As GET /models lists it.", examples=["default"])]


class Model(BaseModel):
    """A model in the list."""

    id: str
    kind: Literal["labeller", "tagger", "classifier", "writer", "language-model", "forecaster"]
    description: str
    takes: Literal["text", "measurements", "table"]
    streams: bool


def without_defaults(schema: dict[str, Any]) -> None:
    """Change the description of a body whose keys have no defaults: what is left out is left to the model."""
    for described in schema["properties"].values():
        described.pop("default", None)


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
