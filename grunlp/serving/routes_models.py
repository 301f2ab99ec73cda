"""`GET /models`: the list of models."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import FastAPI, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from grunlp.serving.errors import APIError
from grunlp.serving.model_service import ModelService
from grunlp.tasks.predictor import InputType

ModelId = Annotated[str, Path(description="As GET /models lists it.", examples=["default"])]


class PageInfo(BaseModel):
    """The example and the labels that the demo page shows for a model."""

    noun: str
    hint: str
    label: str
    examples: list[str]
    live: bool
    streams: bool


class ModelInfo(BaseModel):
    """A model in the list."""

    id: str
    task: str = Field(description="srl, tagging, classification, ...", examples=["srl"])
    description: str
    input_type: InputType
    streams: bool
    page: PageInfo


class RequestBody(BaseModel):
    """The body of a request: an object with known keys.

    The validation collects all errors, at a cost of several microseconds each, but only the first is answered.
    Therefore lists in bodies are declared with `FailFast`, and of the unknown keys only one is validated.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def keep_one_unknown_key(cls, data: Any) -> Any:
        """Drop all unknown keys but the first."""
        if not isinstance(data, dict):
            return data
        unknown = [key for key in data if key not in cls.model_fields]
        return {key: value for key, value in data.items() if key in cls.model_fields or key == unknown[0]}


def drop_schema_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults from the schema of a request body, because missing keys have the defaults of the model."""
    for described in schema["properties"].values():
        described.pop("default", None)


def get_model(models: Mapping[str, ModelService], id: str) -> ModelService:
    """Return the model with an id; raise APIError if there is none."""
    if id not in models:
        raise APIError(404, "There is no such model.", "GET /models lists those there are.")
    return models[id]


def add_model_routes(app: FastAPI, models: Mapping[str, ModelService]) -> None:
    """Add the route of the list."""

    @app.get("/models", tags=["models"])
    async def list_models() -> list[ModelInfo]:
        """List the models."""
        return [ModelInfo(**model.describe()) for model in models.values()]
