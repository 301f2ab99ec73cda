"""The limits of a server. Each is an option of `python -m grunlp.serve`. This module imports no heavy library."""

from dataclasses import dataclass

from grunlp.configuration.options import option

_MAX_SECONDS = 86_400.0


@dataclass
class ServerLimits:
    """Limits on the content of a request and on the queue. Tokens are those of `grunlp.data.word_tokenizer`.

    The nesting depth of JSON is not an option: no valid body has more than three levels, and up to 16 are parsed.
    """

    max_connections: int = option(
        256, "open connections; further ones get the response 503 and are closed", minimum=1, maximum=10**5
    )
    max_header_bytes: int = option(
        16_384, "bytes of the first line and the headers together", minimum=1024, maximum=10**7
    )
    max_headers: int = option(64, "number of headers", minimum=8, maximum=10**5)
    max_body_bytes: int = option(
        524_288, "bytes of the body, counted as they arrive (Content-Length is not trusted)", minimum=1, maximum=10**9
    )
    max_texts: int = option(128, "texts in a request", minimum=1, maximum=10**6)
    max_characters: int = option(25_000, "characters in all texts of a request", minimum=1, maximum=10**9)
    max_tokens: int = option(
        5_000, "words in all texts of a request, or steps of measurements", minimum=1, maximum=10**9
    )
    max_prompt: int = option(2_000, "characters of a prompt", minimum=1, maximum=10**9)
    max_length: int = option(
        1_000,
        "tokens generated for a request: by a language model for all its texts, by others for each text",
        minimum=1,
        maximum=10**6,
    )
    max_queue: int = option(
        10_000,
        "tokens in the queue of a model, including tokens to generate; when it is full, requests get 429",
        minimum=1,
        maximum=10**9,
    )
    max_streams: int = option(16, "texts that a model streams at once", minimum=1, maximum=10**5)
    batch_tokens: int = option(500, "tokens in a batch, if several sentences are waiting", minimum=1, maximum=10**9)
    max_attention: int = option(
        1_000_000,
        "source tokens times tokens to generate, of all texts for a sequence-to-sequence model together",
        minimum=1,
        maximum=10**9,
    )
    max_response_bytes: int = option(8_388_608, "bytes of a response", minimum=65_536, maximum=10**9)
    max_unsent_bytes: int = option(
        67_108_864,
        "bytes of large responses that wait for their clients to read; beyond it 503 with Retry-After",
        minimum=65_536,
        maximum=10**11,
    )
    header_timeout: float = option(
        10.0,
        "seconds for the headers to arrive, and for a new connection to send a request",
        minimum=0.1,
        maximum=_MAX_SECONDS,
    )
    body_timeout: float = option(10.0, "seconds for the body to arrive", minimum=0.1, maximum=_MAX_SECONDS)
    response_timeout: float = option(
        30.0,
        "seconds from the end of the body to the response, including waiting time",
        minimum=0.1,
        maximum=_MAX_SECONDS,
    )
    send_timeout: float = option(
        10.0, "seconds for which a client may leave a response unread", minimum=0.1, maximum=_MAX_SECONDS
    )
    shutdown_timeout: float = option(
        30.0, "seconds for running requests when the server is stopped", minimum=0.1, maximum=_MAX_SECONDS
    )
