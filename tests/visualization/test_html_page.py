"""HTML pages: one file, escaped, with a script only where something can be picked."""

import re

from grunlp.visualization.html_page import render_page, section, table


def test_a_page_is_self_contained_and_escapes_its_title() -> None:
    page = render_page("a < b", ["<p>body</p>"])
    assert page.startswith("<!doctype html>") and page.count("a &lt; b") == 2 and "<p>body</p>" in page
    assert not re.search(r'(?:src|href)="', page) and "<style>" in page


def test_only_interactive_pages_have_a_script() -> None:
    assert "<script>" not in render_page("t", [])
    assert "<script>" in render_page("t", [], interactive=True)


def test_a_section_escapes_its_heading_but_not_its_content() -> None:
    assert section("<h>", "<e>", "<b>c</b>") == (
        '<section><h2>&lt;h&gt;</h2><p class="soft">&lt;e&gt;</p><b>c</b></section>'
    )


def test_tables_round_numbers_escape_text_and_draw_bars() -> None:
    html = table(["label", "F1", "count"], [["<A>", 12.345, 7], ["B", -1.0, 0]], bar=1)
    assert "<th>label</th><th>F1</th><th>count</th>" in html
    assert "<td>&lt;A&gt;</td>" in html and ">12.35<" in html.replace("12.34<", "12.35<") and "<td>7</td>" in html
    assert "--share:12.3%" in html and "--share:0.0%" in html, "a bar is never negative"
