"""`POST /models/{id}/stream`: a text while it is generated, as one JSON object for each piece."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from grunlp.serving.errors import ERROR_RESPONSES, INTERNAL_ERROR, APIError, response_too_large
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService
from grunlp.serving.routes_models import ModelId, RequestBody, drop_schema_defaults, get_model
from grunlp.utils.cli_io import json_line

log = logging.getLogger(__name__)

_NDJSON = "application/x-ndjson"
_STREAM_DESCRIPTION = 'Lines {"piece": "..."}, and at the end {"done": true}, or an error where the text breaks off.'


def add_stream_route(app: FastAPI, models: Mapping[str, ModelService], limits: ServerLimits) -> None:
    """Add the route of streams."""

    class Prompt(RequestBody):
        """A prompt, or the source of a translation or summary, and sampling options.

        Options that are missing have the defaults of the model.
        """

        model_config = ConfigDict(json_schema_extra=drop_schema_defaults)
        prompt: Annotated[str, Field(max_length=limits.max_prompt, examples=["She gave"])]
        length: Annotated[int, Field(ge=1, le=limits.max_length, description="Most tokens to generate.")] = 0
        temperature: Annotated[float, Field(ge=1e-3, le=100, description="Below 1: more probable tokens.")] = 0
        top_k: Annotated[
            int, Field(ge=0, le=10**9, description="Sample among this many most probable tokens; 0: all.")
        ] = 0
        top_p: Annotated[
            float,
            Field(
                ge=1e-6, le=1, description="Sample among the fewest tokens that have this much probability together."
            ),
        ] = 1
        seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="Seed of the samples.")] = 1

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
    async def stream(id: ModelId, body: Prompt) -> Response:
        """Generate a text piece by piece.

        Translations and summaries are sampled here, greedily by default: the beam search of `predict` has no text until
        it ends.
        """
        options = body.model_dump(exclude={"prompt"}, exclude_unset=True)
        pieces = await get_model(models, id).stream(body.prompt, options)
        return StreamingResponse(_lines(pieces, limits), media_type=_NDJSON)


async def _lines(pieces: AsyncGenerator[str], limits: ServerLimits) -> AsyncIterator[bytes]:
    """Yield the lines of the response until the text ends, the time is up, or there are too many."""
    size = 0
    try:
        async with aclosing(pieces):  # stops the generation when the client disconnects or the time is over
            async for piece in _until_timeout(
                pieces, 0.95 * limits.response_timeout
            ):  # ends the response before the server cuts it off
                line = _line({"piece": piece})
                size += len(line)
                if size > limits.max_response_bytes:
                    raise response_too_large(limits.max_response_bytes)
                yield line
        yield _line({"done": True})
    except TimeoutError:
        yield _line({"error": "The time is over.", "hint": "Ask for a smaller length."})
    except APIError as error:
        yield _line({"error": error.error, "hint": error.hint})
    except Exception:
        log.exception("streaming a text failed")
        yield _line({"error": INTERNAL_ERROR.error, "hint": INTERNAL_ERROR.hint})


async def _until_timeout(pieces: AsyncIterator[str], seconds: float) -> AsyncIterator[str]:
    """Yield pieces until the time is up, then raise TimeoutError.

    The timeout does not include the `yield`, where it would cancel the caller instead of this function.
    """
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
