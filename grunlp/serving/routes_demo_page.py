"""`GET /`: the page on which people look at what models say; and the drawings it asks for.

Its files are those of the folder `page`, and the style and script that all drawings share. Nothing in it comes from
elsewhere, and its policy forbids whatever is not a file of this server.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse

from grunlp.serving.csv_tables import parse_csv
from grunlp.serving.errors import ERROR_RESPONSES, APIError
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService
from grunlp.serving.routes_models import ModelId, get_model
from grunlp.tasks.forecasting.checkpoint import read_with_training_schema
from grunlp.tasks.forecasting.forecast_svg import render_forecasts
from grunlp.tasks.forecasting.predictor import ForecastPredictor
from grunlp.tasks.record_view import render_record, render_with_attention
from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor
from grunlp.visualization.html_page import SCRIPT, STYLE

_FOLDER = Path(__file__).parent / "page"
_FILES = {file.name: file for file in [*_FOLDER.iterdir(), STYLE, SCRIPT]}  # whatever else is asked for is not there
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class RenderedPrediction(BaseModel):
    """What the page shows, and what it copies."""

    html: str = Field(description="A fragment, every text in it escaped; its style is /page/drawing.css.")
    records: list[dict[str, Any]] = Field(description="As /models/{id}/predict answers.")


def add_demo_page(app: FastAPI, models: Mapping[str, ModelService], limits: ServerLimits) -> None:
    """Add the routes."""

    class Text(BaseModel):
        """What is drawn."""

        model_config = ConfigDict(extra="forbid")
        text: Annotated[str, Field(max_length=limits.max_characters, examples=["She gave him a book."])]

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(_FILES["index.html"], headers=_HEADERS)

    @app.get("/page/{name}", include_in_schema=False)
    async def part(name: str) -> FileResponse:
        if name not in _FILES:
            raise APIError(404, "There is no such file.", "See / for the page.")
        return FileResponse(_FILES[name], headers=_HEADERS)

    @app.post("/models/{id}/drawing", responses=ERROR_RESPONSES, tags=["models"])
    async def drawing(id: ModelId, given: Text) -> RenderedPrediction:
        """What a model says about a text, as HTML to look at, and as records."""
        return await _render(get_model(models, id), given.text)


async def _render(model: ModelService, text: str) -> RenderedPrediction:
    predictor = model.predictor
    if model.input_type == "measurements":
        records = (await model.predict_series(_parse_numbers(text)))[0]
    else:
        records = (await model.predict([text]))[0]
    if isinstance(predictor, ForecastPredictor):
        html = await model.run_in_scheduler(
            lambda: render_forecasts(read_with_training_schema(predictor.run, parse_csv(text)), records), 1
        )
    elif isinstance(predictor, Seq2SeqPredictor):
        html = await model.run_in_scheduler(lambda: render_with_attention(predictor, records[0]), len(text))
    else:
        html = "".join(render_record(predictor.kind, record) for record in records)
    return RenderedPrediction(html=html, records=records)


def _parse_numbers(text: str) -> list[list[float]]:
    """Rows of numbers between commas."""
    try:
        return np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2).tolist()
    except ValueError:
        said = "This model classifies rows of as many numbers each, and the text is none."
        raise APIError(422, said, "Write a line for each step, its numbers between commas.") from None
