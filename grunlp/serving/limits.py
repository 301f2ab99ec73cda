"""The limits of a server. Each is an option of `python -m grunlp.serve`. Imports nothing heavy."""

from dataclasses import dataclass

from grunlp.configuration.options import option

_MAX_SECONDS = 86_400.0


@dataclass
class ServerLimits:
    """The limits of what a request may contain and of what may wait. Tokens are those of `grunlp.data.word_tokenizer`.

    The nesting depth of JSON is not an option: no valid body has more than three levels, and up to 16 are parsed.
    """

    max_connections: int = option(
        256, "connections open at once; a further one is answered 503 and closed", minimum=1, maximum=10**5
    )
    max_header_bytes: int = option(
        16_384, "bytes of the first line and the headers together", minimum=1024, maximum=10**7
    )
    max_headers: int = option(64, "headers", minimum=8, maximum=10**5)
    max_body_bytes: int = option(
        524_288, "bytes of the body, counted as they arrive, whatever Content-Length says", minimum=1, maximum=10**9
    )
    max_texts: int = option(128, "texts", minimum=1, maximum=10**6)
    max_characters: int = option(25_000, "characters of all texts together", minimum=1, maximum=10**9)
    max_tokens: int = option(5_000, "words of all texts together, or steps of measurements", minimum=1, maximum=10**9)
    max_prompt: int = option(2_000, "characters of a prompt", minimum=1, maximum=10**9)
    max_length: int = option(
        1_000,
        "tokens that a language model generates for all texts together, another generator for one",
        minimum=1,
        maximum=10**6,
    )
    max_queue: int = option(
        10_000,
        "tokens that wait for a model, generated ones included; beyond it 429 with Retry-After",
        minimum=1,
        maximum=10**9,
    )
    max_streams: int = option(16, "texts that a model streams at once", minimum=1, maximum=10**5)
    batch_tokens: int = option(500, "tokens in a batch, where more than one sentence waits", minimum=1, maximum=10**9)
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
        10.0, "seconds for the headers to arrive, or for a new connection to be used", minimum=0.1, maximum=_MAX_SECONDS
    )
    body_timeout: float = option(10.0, "seconds for the body to arrive", minimum=0.1, maximum=_MAX_SECONDS)
    response_timeout: float = option(
        30.0, "seconds from there to the response, waiting included", minimum=0.1, maximum=_MAX_SECONDS
    )
    send_timeout: float = option(
        10.0, "seconds that a client may leave a response unread", minimum=0.1, maximum=_MAX_SECONDS
    )
    shutdown_timeout: float = option(
        30.0, "seconds for running requests when the server is stopped", minimum=0.1, maximum=_MAX_SECONDS
    )
