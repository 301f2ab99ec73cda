"""What a server takes at most. Each limit is a key of `python -m grunlp.serve`, and on by default."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerLimits:
    """The most that a request may bring, and that may wait. Tokens are words as `grunlp.data.word_tokenizer` tells them
    apart.

    How deep JSON may be is no key: no valid body is deeper than three levels, and 16 are let through to be told so.

    Args:
        max_connections: open at once; a further one is answered 503 and closed.
        max_header_bytes: of a request's first line and headers together.
        max_headers: how many.
        max_body_bytes: counted as they come, whatever Content-Length says.
        max_texts: of a request.
        max_characters: of all texts of a request together.
        max_tokens: of all texts of a request together.
        max_prompt: characters that texts are written on from.
        max_length: tokens that a language model draws for all texts of a request together, a writer for one.
        max_queue: tokens that wait for a model, drawn ones included; what would come above it is answered 429.
        max_streams: texts that a model writes piece by piece at once.
        batch_tokens: that a model computes together, as long as more than one sentence is waiting.
        head_seconds: in which a request's first line and headers are in, or a new connection is used at all.
        body_seconds: in which its body is in.
        answer_seconds: from there to its answer, waiting included.
        send_seconds: that a client may leave an answer unread.
        stop_seconds: for what is under way when the server is told to stop.
    """

    max_connections: int
    max_header_bytes: int
    max_headers: int
    max_body_bytes: int
    max_texts: int
    max_characters: int
    max_tokens: int
    max_prompt: int
    max_length: int
    max_queue: int
    max_streams: int
    batch_tokens: int
    head_seconds: float
    body_seconds: float
    answer_seconds: float
    send_seconds: float
    stop_seconds: float


DEFAULT_LIMITS = ServerLimits(
    max_connections=256,
    max_header_bytes=16_384,
    max_headers=64,
    max_body_bytes=524_288,
    max_texts=128,
    max_characters=25_000,
    max_tokens=5_000,
    max_prompt=2_000,
    max_length=1_000,
    max_queue=10_000,
    max_streams=16,
    batch_tokens=500,
    head_seconds=10.0,
    body_seconds=10.0,
    answer_seconds=30.0,
    send_seconds=10.0,
    stop_seconds=30.0,
)
