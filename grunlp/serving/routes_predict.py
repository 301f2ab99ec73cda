"""`POST /models/{id}/predict`: the records that `python -m grunlp.predict output_format=json` prints."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, FailFast, Field, FiniteFloat, model_validator
from starlette.responses import Response

from grunlp.serving.errors import ERROR_RESPONSES, response_too_large
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService
from grunlp.serving.routes_models import ModelId, RequestBody, drop_schema_defaults, get_model
from grunlp.tasks import Record

_TEXT = "A text; for forecasters a table in CSV."
_EXAMPLE = "She gave him a book."
_TEXTS = "Several texts."
_MEASUREMENTS = "For classifiers of measurements: a list of steps, each a list of numbers."


class PredictResponse(BaseModel):
    """The predictions."""

    records: list[list[dict[str, Any]]] = Field(description="For each text its records: one for each sentence, or one.")


def _require_one_input(schema: dict[str, Any]) -> None:
    drop_schema_defaults(schema)
    schema["oneOf"] = [{"required": [name]} for name in schema["properties"]]


def add_predict_route(app: FastAPI, models: Mapping[str, ModelService], limits: ServerLimits) -> None:
    """Add the route of predictions."""

    class Input(RequestBody):
        """The input: exactly one of text, texts and measurements."""

        model_config = ConfigDict(json_schema_extra=_require_one_input)
        text: Annotated[str, Field(max_length=limits.max_characters, description=_TEXT, examples=[_EXAMPLE])] = ""
        texts: Annotated[
            list[str],
            FailFast(),
            Field(default_factory=list, min_length=1, max_length=limits.max_texts, description=_TEXTS),
        ]
        measurements: Annotated[
            list[Annotated[list[FiniteFloat], FailFast()]],
            FailFast(),
            Field(default_factory=list, min_length=1, max_length=limits.max_tokens, description=_MEASUREMENTS),
        ]

        @model_validator(mode="after")
        def one_of_them(self) -> "Input":
            if len(self.model_fields_set) != 1:
                raise ValueError("one of text, texts and measurements is needed")
            if sum(map(len, self.texts)) > limits.max_characters:
                raise ValueError(f"texts should have at most {limits.max_characters} characters together")
            return self

    @app.post("/models/{id}/predict", response_model=PredictResponse, responses=ERROR_RESPONSES, tags=["models"])
    async def predict(id: ModelId, body: Input) -> Response:
        """Predict a text, several texts, or a sequence of measurements."""
        model = get_model(models, id)
        if "measurements" in body.model_fields_set:
            records = await model.predict_series(body.measurements)
        else:
            records = await model.predict(body.texts or [body.text])
        return Response(_dump_records(records, limits.max_response_bytes), media_type="application/json")


def _dump_records(records: Sequence[Sequence[Record]], max_bytes: int) -> bytes:
    """Return the records as JSON. Raises APIError as soon as they have more than `max_bytes` bytes."""
    size = 0
    texts = []
    for of_text in records:
        parts = []
        for record in of_text:
            parts.append(json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8"))
            size += len(parts[-1])
            if size > max_bytes:
                raise response_too_large(max_bytes)
        texts.append(b"[%s]" % b", ".join(parts))
    return b'{"records": [%s]}' % b", ".join(texts)
