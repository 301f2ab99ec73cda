"""Pages that are files: predicates are picked there, too, without any server."""

from pathlib import Path
from typing import Any

import pytest

from grunlp.visualization.frames_and_tags import render_frames
from grunlp.visualization.html_page import render_page

pytestmark = pytest.mark.slow


def frame(index: int, word: str, role: str) -> dict[str, Any]:
    argument = {"role": role, "start": 0, "end": 1, "text": "He", "role_description": "agent"}
    return {
        "predicate": word,
        "index": index,
        "roleset": f"{word}.01",
        "sense_description": "",
        "arguments": [argument],
    }


def test_a_page_from_a_file(browser: Any, tmp_path: Path) -> None:
    record = {"words": ["He", "came", "and", "went"], "frames": [frame(1, "come", "ARG1"), frame(3, "go", "ARG0")]}
    (tmp_path / "page.html").write_text(
        render_page("Frames", [render_frames(record)] * 2, interactive=True), encoding="utf-8"
    )
    context = browser.new_context(viewport={"width": 360, "height": 700})
    opened = context.new_page()
    opened.goto(f"file://{tmp_path}/page.html")
    opened.get_by_role("button", name="go").first.click()
    lanes = [lane.is_visible() for lane in opened.query_selector_all("svg.arcs .lane")]
    assert lanes == [False, True, True, True]
    assert opened.evaluate("() => document.documentElement.scrollWidth") <= 360
    context.close()
