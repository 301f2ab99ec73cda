"""The HTTP server: addresses it binds."""

import pytest

from grunlp import serve
from grunlp.serving.server import open_sockets


@pytest.mark.parametrize(
    ("host", "names", "expected"),
    [
        ("127.0.0.1", None, ["127.0.0.1", "::1", "localhost", "127.0.0.1"]),
        ("127.0.0.2", None, ["127.0.0.1", "::1", "localhost", "127.0.0.2"]),
        ("0.0.0.0", None, None),
        ("0.0.0.0", "a.example", ["127.0.0.1", "::1", "localhost", "a.example"]),
    ],
)
def test_only_addresses_of_this_machine_are_bound(host: str, names: str | None, expected: list[str] | None) -> None:
    sockets = open_sockets(host, 0)
    try:
        assert serve._allowed_hosts(host, names, sockets) == expected
    finally:
        for one in sockets:
            one.close()
