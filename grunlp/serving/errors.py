"""Error responses: JSON with an error and a hint, and nothing about the internals of the server."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response


class ErrorResponse(BaseModel):
    """The body of every error response."""

    error: str = Field(description="What is wrong.")
    hint: str = Field(description="What to do about it.")


# The error responses in the documentation of the routes.
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": description}
    for status, description in {
        400: "The body is not JSON.",
        404: "There is no such model.",
        408: "The body arrived too slowly.",
        409: "The model takes another type of input.",
        413: "The request is too large, or its response would be.",
        415: "The Content-Type is not JSON, or the body is compressed.",
        421: "The server does not answer to the name in the header Host.",
        422: "The input is not valid for the address or the model.",
        429: "The queue is full; the header Retry-After says when to try again.",
        431: "The headers are too large.",
        500: "The server failed.",
        503: "The response took too long, or the server is stopping or not ready.",
    }.items()
}


class APIError(Exception):
    """An error that becomes an error response.

    Args:
        status: HTTP status.
        error: the description of the error.
        hint: how to avoid it.
        headers: further headers of the response.
    """

    def __init__(self, status: int, error: str, hint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.hint, self.headers = status, error, hint, dict(headers or {})

    def response(self) -> Response:
        """Return the response."""
        body = json.dumps({"error": self.error, "hint": self.hint}, ensure_ascii=False)
        return Response(
            body.encode("utf-8", "replace"), self.status, media_type="application/json", headers=self.headers
        )


def as_exception(error: BaseException) -> Exception:
    """Return an exception that futures and tasks can carry, in place of one that would end a thread or the event loop.

    Code in Rust, as that of tokenizers, panics with a `BaseException`; futures refuse `StopIteration`.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    replacement = RuntimeError(f"{type(error).__name__}: {error}")
    replacement.__cause__ = error
    return replacement


def retry_later(status: int, error: str, seconds: float) -> APIError:
    """Make an error for a temporary failure. `seconds` is the time after which to try again."""
    return APIError(status, error, "Try again later.", {"Retry-After": str(max(1, round(seconds)))})


_NOT_JSON = APIError(400, "The body is not JSON in UTF-8.", "Send a JSON object, as /openapi.json describes it.")
# Errors that the framework raises.
_DEFAULT_MESSAGES = {
    400: ("The header Range is not valid.", "Send Range: bytes=FIRST-LAST, or leave it out."),
    404: ("This address does not exist.", "GET /models lists the models, /openapi.json all addresses."),
    405: ("This address has another method.", "See the header Allow, or /openapi.json."),
    416: ("The file has no such range.", "See the header Content-Range for its size."),
}
INTERNAL_ERROR = APIError(
    500, "The server failed to answer.", "Try another text; the log of the server has the details."
)


def default_error(status: int, headers: Mapping[str, str] | None = None) -> APIError:
    """Make the error for a status that the framework chose."""
    message, hint = _DEFAULT_MESSAGES.get(status, ("The request cannot be answered.", "See /openapi.json."))
    return APIError(status, message, hint, headers)


def response_too_large(limit: int) -> APIError:
    """Make the error for a response of more bytes than a limit."""
    return APIError(413, f"The response would have more than {limit} bytes.", "Send less at a time.")


def add_error_handlers(app: FastAPI) -> None:
    """Make an app answer every exception with an error response."""

    @app.exception_handler(APIError)
    async def _(request: Request, error: APIError) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400:  # FastAPI could not parse the body
            return _NOT_JSON.response()
        return default_error(error.status_code, error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return _NOT_JSON.response()
        location = ".".join(str(part) for part in first["loc"][1:5]) or "the body"
        reason = first["msg"].removeprefix("Value error, ")
        return APIError(
            422, f"{location[:100]}: {reason}", "See /openapi.json for the input of this address."
        ).response()

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> Response:
        return INTERNAL_ERROR.response()
