"""`GET /models`, and the model that an address names."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path
from pydantic import BaseModel

from grunlp.serving.errors import APIError
from grunlp.serving.model_service import ModelService

ModelId = Annotated[str, Path(description="As GET /models lists it.", examples=["default"])]


class ModelInfo(BaseModel):
    """A model in the list."""

    id: str
    kind: Literal["labeller", "tagger", "classifier", "writer", "language-model", "forecaster"]
    description: str
    takes: Literal["text", "measurements", "table"]
    streams: bool


def drop_schema_defaults(schema: dict[str, Any]) -> None:
    """Change the description of a body whose keys have no defaults: what is left out is left to the model."""
    for described in schema["properties"].values():
        described.pop("default", None)


def get_model(models: Mapping[str, ModelService], id: str) -> ModelService:
    """The model of an id. Raises Problem."""
    if id not in models:
        raise APIError(404, "There is no such model.", "GET /models lists those there are.")
    return models[id]


def add_model_routes(app: FastAPI, models: Mapping[str, ModelService]) -> None:
    """Add the route."""

    @app.get("/models", tags=["models"])
    async def list_models() -> list[ModelInfo]:
        """The models that are served."""
        return [ModelInfo(**model.describe()) for model in models.values()]
