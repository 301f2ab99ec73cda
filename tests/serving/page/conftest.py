"""The page in a real browser, headless Chromium. Whatever a test does, no script may fail, nothing may go against the
page's policy, and nothing may be asked of another server."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import grunlp
from grunlp.serving.limits import ServerLimits
from tests.serving.conftest import running
from tests.tasks.conftest import runs  # noqa: F401

_QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
_WATCH = "document.addEventListener('securitypolicyviolation', (e) => report(`${e.violatedDirective} ${e.blockedURI}`))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    # Playwright's synchronous interface keeps an event loop running in this thread until it is closed. In a fixture of
    # the whole session, asyncio.run() of later tests would fail.
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium on the path")
    with api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=program, args=_QUIET.split())
        yield found
        found.close()


@pytest.fixture(scope="session")
def site(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: F811
    """The address of a server of a model of each kind, and of the labeller in the box twice."""
    folder = tmp_path_factory.mktemp("models")
    box = Path(grunlp.__file__).parent / "pretrained/default"
    for kind, path in {"default": box, "twin": box, **runs}.items():
        (folder / kind).symlink_to(path, target_is_directory=True)
    models = {name: grunlp.load(folder / name) for name in ("default", "twin", *runs)}
    limits = replace(ServerLimits(), max_characters=10_000)
    for server in running(models, limits):
        yield f"http://127.0.0.1:{server.port}/"


class Open:
    """Opens the page: with an address behind the site's, and options of the browser.

    Attributes:
        faults: what went wrong in any page that it opened.
    """

    def __init__(self, browser: Any, site: str) -> None:
        self.browser, self.site = browser, site
        self.faults: list[str] = []
        self.contexts: list[Any] = []

    def __call__(self, address: str = "", **options: Any) -> Any:
        context = self.browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **options})
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.on("request", self._watch_request)
        page.on("console", lambda said: self.faults.append(f"console: {said.text}") if _bad(said) else None)
        page.expose_function("report", lambda violation: self.faults.append(f"policy: {violation}"))
        page.add_init_script(_WATCH)
        page.goto(self.site + address)
        page.wait_for_selector("#model option", state="attached")
        return page

    def _watch_request(self, request: Any) -> None:
        if not request.url.startswith((self.site, "data:")):
            self.faults.append(f"outside: {request.url}")


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Open]:
    found = Open(browser, site)
    yield found
    for context in found.contexts:
        context.close()
    assert not found.faults


def _bad(said: Any) -> bool:
    return said.type == "error" and "Failed to load resource" not in said.text  # the tests ask for such


def wait_for_status(page: Any, text: str) -> None:
    """Until the page says so to those who do not see it."""
    page.wait_for_function("text => document.getElementById('status').textContent.includes(text)", arg=text)
