"""Errors as clients meet them: JSON with what is wrong and what to do, and nothing of the inside."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response


class ErrorResponse(BaseModel):
    """The body of every answer that is no success."""

    error: str = Field(description="What is wrong.")
    hint: str = Field(description="What to do about it.")


# What routes may answer besides, for their description.
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": said}
    for status, said in {
        400: "The body is not JSON.",
        404: "There is no such model.",
        408: "The body came too slowly.",
        409: "The model takes another type of input.",
        413: "The request is too large.",
        415: "The body is not said to be JSON, or it is compressed.",
        421: "The server is not known by the name in the header Host.",
        422: "The input is not what the address, or the model, takes.",
        429: "Too much is waiting; the header Retry-After says when to come again.",
        431: "The headers are too large.",
        500: "The server failed.",
        503: "The answer took too long, or the server is stopping, or not ready.",
    }.items()
}


class APIError(Exception):
    """Raised to answer with an error.

    Args:
        status: of HTTP.
        error: what is wrong.
        hint: about it.
        headers: that the answer has besides.
    """

    def __init__(self, status: int, error: str, hint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.hint, self.headers = status, error, hint, dict(headers or {})

    def response(self) -> Response:
        """The answer itself."""
        body = json.dumps({"error": self.error, "hint": self.hint}, ensure_ascii=False)
        return Response(
            body.encode("utf-8", "replace"), self.status, media_type="application/json", headers=self.headers
        )


def retry_later(status: int, error: str, seconds: float) -> APIError:
    """A problem that passes. seconds: after which it may have."""
    return APIError(status, error, "Try again later.", {"Retry-After": str(max(1, round(seconds)))})


# What the framework says by itself.
_DEFAULT_MESSAGES = {
    400: ("The body is not JSON in UTF-8.", "Send a JSON object, as /openapi.json describes it."),
    404: ("There is nothing at this address.", "GET /models lists the models, /openapi.json all addresses."),
    405: ("This address does not take this method.", "See the header Allow, or /openapi.json."),
}
INTERNAL_ERROR = APIError(500, "The server failed to answer.", "Try another text; the server's log says more.")


def add_error_handlers(app: FastAPI) -> None:
    """Let an app answer with problems, whatever is raised in it."""

    @app.exception_handler(APIError)
    async def _(request: Request, problem: APIError) -> Response:
        return problem.response()

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        wrong, advice = _DEFAULT_MESSAGES.get(
            error.status_code, ("The request cannot be answered.", "See /openapi.json.")
        )
        return APIError(error.status_code, wrong, advice, error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return APIError(400, *_DEFAULT_MESSAGES[400]).response()
        place = ".".join(str(part) for part in first["loc"][1:5]) or "the body"
        said = first["msg"].removeprefix("Value error, ")
        return APIError(422, f"{place[:100]}: {said}", "See /openapi.json for what this address takes.").response()

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> Response:
        return INTERNAL_ERROR.response()
