"""`GET /`: the demo page, and the predictions that it renders.

Its files are those of the folder `page`, and the style and script that all rendered predictions share. The page loads
nothing from elsewhere: its content security policy allows only files of this server.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.responses import FileResponse

from grunlp.serving.errors import ERROR_RESPONSES, APIError
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService
from grunlp.serving.routes_models import ModelId, RequestBody, get_model
from grunlp.visualization.html_page import SCRIPT, STYLE

_FOLDER = Path(__file__).parent / "page"
_FILES = {file.name: file for file in [*_FOLDER.iterdir(), STYLE, SCRIPT]}  # no other file is served
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class RenderedPrediction(BaseModel):
    """A rendered prediction, which the page shows, and its records, which the page can copy."""

    html: str = Field(description="A fragment, every text in it escaped; its style is /page/drawing.css.")
    records: list[dict[str, Any]] = Field(description="As /models/{id}/predict returns them.")
    summary: str = Field(description="The records in a few words.")


def add_demo_page(app: FastAPI, models: Mapping[str, ModelService], limits: ServerLimits) -> None:
    """Add the routes of the page."""

    class Text(RequestBody):
        """A text to render the prediction of."""

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
    async def drawing(id: ModelId, body: Text) -> RenderedPrediction:
        """Return the prediction for a text, as HTML to display and as records."""
        return await _render(get_model(models, id), body.text)


async def _render(model: ModelService, text: str) -> RenderedPrediction:
    if model.input_type == "measurements":
        records = (await model.predict_series(_parse_numbers(text)))[0]
    else:
        records = (await model.predict([text]))[0]
    html = await model.render(text, records)
    return RenderedPrediction(html=html, records=records, summary=model.spec.summarize(records))


def _parse_numbers(text: str) -> list[list[float]]:
    """Parse lines of comma-separated numbers. Raises APIError for any other text."""
    try:
        return np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2).tolist()
    except ValueError:
        message = "This model classifies rows with the same number of numbers each; the text is something else."
        raise APIError(422, message, "Write a line for each step, with commas between its numbers.") from None
