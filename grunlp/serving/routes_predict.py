"""`POST /models/{id}/predict`: the records that `python -m grunlp.predict style=json` prints."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator
from starlette.responses import Response

from grunlp.serving.errors import PROBLEMS
from grunlp.serving.limits import Limits
from grunlp.serving.model_service import Served
from grunlp.serving.routes_models import ModelId, find, without_defaults

_TEXT = "A text; of forecasters a table in CSV."
_EXAMPLE = "She gave him a book."
_TEXTS = "Several texts."
_MEASUREMENTS = "Of classifiers of measurements: a list of steps, each a list of numbers."


class Records(BaseModel):
    """The answer."""

    records: list[list[dict[str, Any]]] = Field(description="For each text its records: of labellers one a sentence.")


def _one_of_them(schema: dict[str, Any]) -> None:
    without_defaults(schema)
    schema["oneOf"] = [{"required": [name]} for name in schema["properties"]]


def add_predict(app: FastAPI, models: Mapping[str, Served], limits: Limits) -> None:
    """Add the route."""

    class Input(BaseModel):
        """One of the three: text, texts or measurements."""

        model_config = ConfigDict(extra="forbid", json_schema_extra=_one_of_them)
        text: Annotated[str, Field(max_length=limits.max_characters, description=_TEXT, examples=[_EXAMPLE])] = ""
        texts: Annotated[list[str], Field(min_length=1, max_length=limits.max_texts, description=_TEXTS)] = []
        measurements: Annotated[
            list[list[FiniteFloat]], Field(min_length=1, max_length=limits.max_tokens, description=_MEASUREMENTS)
        ] = []

        @model_validator(mode="after")
        def one_of_them(self) -> "Input":
            if len(self.model_fields_set) != 1:
                raise ValueError("one of text, texts and measurements is needed")
            if sum(map(len, self.texts)) > limits.max_characters:
                raise ValueError(f"texts should have at most {limits.max_characters} characters together")
            return self

    @app.post("/models/{id}/predict", response_model=Records, responses=PROBLEMS, tags=["models"])
    async def predict(id: ModelId, given: Input) -> Response:
        """What a model says about a text, or about several."""
        model = find(models, id)
        if "measurements" in given.model_fields_set:
            records = await model.measure(given.measurements)
        else:
            records = await model.predict(given.texts or [given.text])
        body = json.dumps({"records": records}, ensure_ascii=False, allow_nan=False)
        return Response(body.encode("utf-8"), media_type="application/json")
