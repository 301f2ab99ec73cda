import http.server
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grunlp.data.propbank.download import download, fetch_source
from grunlp.data.propbank.sources import PROPBANK_FRAMES, RepositorySource, files_digest
from grunlp.utils.errors import UserError
from tests.data.propbank.miniature_repositories import pack


@pytest.fixture
def archive(tmp_path: Path, frames_files) -> bytes:
    return pack(frames_files, tmp_path / "a.tar.gz", "propbank-frames-c66e0ccf").read_bytes()


@pytest.fixture
def source(archive: bytes, frames_files) -> Iterator[RepositorySource]:
    """A source served on the loopback: /whole tells its length, /chunked does not, /cut tells more than it sends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in ("/whole", "/chunked", "/cut"):
                self.send_error(404)
                return
            self.send_response(200)
            if self.path != "/chunked":
                self.send_header("Content-Length", str(len(archive)))
            self.end_headers()
            self.wfile.write(archive[: len(archive) // 2] if self.path == "/cut" else archive)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/whole"
    yield replace(PROPBANK_FRAMES, url=url, sha256=files_digest(frames_files))
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("page", ["whole", "chunked"])
def test_a_download_gives_the_files(
    source: RepositorySource, frames_files, page: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert download(replace(source, url=source.url.replace("whole", page))) == frames_files
    assert "CC BY-SA 4.0" in caplog.text


def test_other_files_are_refused(source: RepositorySource) -> None:
    with pytest.raises(UserError, match=r"has other files: SHA-256 [0-9a-f]{64}\nExpected 0000"):
        download(replace(source, sha256="0" * 64))


def test_a_transfer_that_stops_is_an_error(source: RepositorySource) -> None:
    with pytest.raises(UserError, match=r"the transfer stopped after \d+ of \d+ bytes"):
        download(replace(source, url=source.url.replace("whole", "cut")))


def test_a_missing_page_is_an_error(source: RepositorySource) -> None:
    with pytest.raises(UserError, match=r"cannot download .*: HTTP Error 404"):
        download(replace(source, url=source.url.replace("whole", "gone")))


def test_no_network_says_what_to_do() -> None:
    nobody = replace(PROPBANK_FRAMES, url="http://127.0.0.1:9/none")
    with pytest.raises(UserError, match=r"cannot download http://127.0.0.1:9/none: .*refused") as caught:
        download(nobody)
    assert "give its path" in caught.value.hint


def test_local_files_of_another_commit_are_taken_with_a_warning(
    tmp_path: Path, archive: bytes, frames_files, caplog: pytest.LogCaptureFixture
) -> None:
    assert fetch_source(PROPBANK_FRAMES, tmp_path / "a.tar.gz") == frames_files
    assert "results will differ" in caplog.text
