"""The HTTP server: addresses it binds, and connections that it can open."""

import pytest

from grunlp import serve
from grunlp.serving import server
from grunlp.serving.limits import ServerLimits
from grunlp.serving.server import fit_connections, open_sockets
from grunlp.utils.errors import UserError


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


@pytest.fixture
def descriptors(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The limits of descriptors, the soft and the hard one; what is set is written there."""
    resource = pytest.importorskip("resource")
    limits = [64, 64]
    monkeypatch.setattr(server.resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(server.resource, "setrlimit", lambda _, wanted: limits.__setitem__(slice(None), wanted))
    monkeypatch.setattr(server.os, "listdir", lambda _: [str(number) for number in range(20)])
    assert resource is server.resource
    return limits


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "connections", "then"),
    [
        (1024, 1024, 256, 256, 1024),
        (200, 1 << 20, 256, 256, 636),  # raised as far as needed
        (200, 300, 256, 88, 300),
        (1024, 1024, 10_000, 450, 1024),
        (-1, -1, 10_000, 10_000, -1),  # RLIM_INFINITY
        (130, 130, 256, 3, 130),
    ],
)
def test_connections_are_fitted_to_descriptors(
    descriptors: list[int], soft: int, hard: int, asked: int, connections: int, then: int
) -> None:
    descriptors[:] = soft, hard
    fitted = fit_connections(ServerLimits(max_connections=asked), workers=4)
    assert fitted.max_connections == connections and descriptors == [then, hard]


def test_too_few_descriptors_are_an_error(descriptors: list[int]) -> None:
    with pytest.raises(UserError, match=r"64 file descriptors[\s\S]*ulimit -n"):
        fit_connections(ServerLimits(), workers=4)
