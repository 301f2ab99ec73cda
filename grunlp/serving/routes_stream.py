"""`POST /models/{id}/stream`: what comes after a prompt, a JSON object a line, each sent as soon as it is drawn."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from grunlp.serving.errors import ERROR_RESPONSES, INTERNAL_ERROR
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService
from grunlp.serving.routes_models import ModelId, drop_schema_defaults, get_model
from grunlp.utils.cli_io import json_line

log = logging.getLogger(__name__)

_NDJSON = "application/x-ndjson"
_STREAM_DESCRIPTION = 'Lines {"piece": "..."}, and at the end {"done": true}, or an error where it broke off.'


def add_stream_route(app: FastAPI, models: Mapping[str, ModelService], limits: ServerLimits) -> None:
    """Add the route."""

    class Prompt(BaseModel):
        """What is written on, or for writers the source, and how. What is left out is as the model has it."""

        model_config = ConfigDict(extra="forbid", json_schema_extra=drop_schema_defaults)
        prompt: Annotated[str, Field(max_length=limits.max_prompt, examples=["She gave"])]
        length: Annotated[int, Field(ge=1, le=limits.max_length, description="Tokens, at most.")] = 0
        temperature: Annotated[float, Field(ge=1e-3, le=100, description="Below 1: likelier tokens.")] = 0
        top_k: Annotated[int, Field(ge=0, le=10**9, description="Among so many likeliest; 0: all.")] = 0
        top_p: Annotated[float, Field(ge=1e-6, le=1, description="Among the likeliest of so much probability.")] = 1
        seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="Another seed, another text.")] = 1

    described: dict[str, Any] = {
        "content": {_NDJSON: {"schema": {"type": "string"}}},
        "description": _STREAM_DESCRIPTION,
    }

    @app.post(
        "/models/{id}/stream",
        response_class=StreamingResponse,
        responses={200: described, **ERROR_RESPONSES},
        tags=["models"],
    )
    async def stream(id: ModelId, given: Prompt) -> Response:
        """What a language model writes after a prompt, or a writer for a source, piece by piece.

        Here writers draw, the likeliest words unless the options say how; a search, as in predict, ends all at once.
        """
        options = given.model_dump(exclude={"prompt"}, exclude_unset=True)
        pieces = get_model(models, id).stream(given.prompt, options)
        return StreamingResponse(_lines(pieces, limits.response_timeout), media_type=_NDJSON)


async def _lines(pieces: AsyncGenerator[str], seconds: float) -> AsyncIterator[bytes]:
    """The lines of the answer, until all is drawn or the time is over."""
    try:
        async with aclosing(pieces):  # nobody draws on when the client is gone or the time over
            async for piece in _until_timeout(pieces, 0.95 * seconds):  # to end it well before it is cut off
                yield _line({"piece": piece})
        yield _line({"done": True})
    except TimeoutError:
        yield _line({"error": "The time was over.", "hint": "Ask for a smaller length."})
    except Exception:
        log.exception("writing piece by piece failed")
        yield _line({"error": INTERNAL_ERROR.error, "hint": INTERNAL_ERROR.hint})


async def _until_timeout(pieces: AsyncIterator[str], seconds: float) -> AsyncIterator[str]:
    """Pieces until the time is over, then TimeoutError. What the caller does with one is outside of its clock: a clock
    that ran on through `yield` would stop the caller there, and not this function."""
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    while clock() < end:
        async with asyncio.timeout_at(end):
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece
    raise TimeoutError


def _line(message: Mapping[str, Any]) -> bytes:
    return json_line(message).encode("utf-8", "replace")
