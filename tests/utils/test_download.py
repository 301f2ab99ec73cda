"""Downloads, from files on this machine."""

import io
import socket
import time
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from grunlp.utils import download
from grunlp.utils.download import download_file
from grunlp.utils.errors import UserError


def test_a_file_is_downloaded_and_replaces_the_target(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(range(256)) * 3000)
    target.write_text("old")
    download_file(source.as_uri(), target, "corpus", "Download it by hand.")
    assert target.read_bytes() == source.read_bytes()


def test_a_missing_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"(?s)cannot download file:.*The partial file was removed.*Download it by hand\."
    ):
        download_file((tmp_path / "missing").as_uri(), tmp_path / "target", "corpus", "Download it by hand.")


def test_a_transfer_that_stops_early_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Response(io.BytesIO):
        headers = Message()

    Response.headers["Content-Length"] = "10"
    monkeypatch.setattr(download, "_require_connection", lambda url: None)
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Response(b"half"))
    with pytest.raises(UserError, match="the transfer stopped after 4 of 10 bytes"):
        download_file("https://example.org/corpus", tmp_path / "target", "corpus", "")


def test_a_host_that_does_not_answer_ends_the_download_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four addresses that do not answer take no longer than one."""
    monkeypatch.setattr(download, "_CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(urllib.request, "getproxies", dict)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        socket.socket() as first,
        socket.socket() as second,
    ):
        for client in (first, second):  # the queue of connections that nobody accepts is full then
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        entry = (socket.AF_INET, socket.SOCK_STREAM, 0, "", server.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [entry] * 4)
        start = time.monotonic()
        with pytest.raises(UserError, match=r"cannot download https://example\.org/a: timed out"):
            download_file("https://example.org/a", tmp_path / "target", "corpus", "")
        assert time.monotonic() - start < 1
