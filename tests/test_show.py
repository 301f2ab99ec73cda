import io

from rich.console import Console

from grunlp.show import show


def shown(record: dict) -> str:
    file = io.StringIO()
    show(record, Console(file=file, highlight=False))
    return file.getvalue()


def test_arguments_stand_in_columns() -> None:
    arguments = [
        {"role": "ARG0", "text": "She", "gloss": "giver"},
        {"role": "ARGM-TMP", "text": "yesterday evening", "gloss": ""},
    ]
    frame = {"predicate": "gave", "roleset": "give.01", "sense": "transfer", "arguments": arguments}
    assert shown({"words": ["She", "gave", "yesterday", "evening"], "frames": [frame]}) == (
        "She gave yesterday evening\n"
        "  gave  give.01 transfer\n"
        "    ARG0      She                giver\n"
        "    ARGM-TMP  yesterday evening\n"
        "\n"
    )


def test_long_lines_are_not_broken_and_nothing_is_taken_for_markup_or_obeyed() -> None:
    text = shown({"words": ["[bold]", "\x1b[31m", "x" * 300], "frames": []})
    assert text == f"[bold] �[31m {'x' * 300}\n  no predicate\n\n"
    assert shown({"words": [], "frames": []}) == "\n\n"
