import io

from rich.console import Console

from grunlp.visualization.terminal import print_record


def shown(record: dict) -> str:
    file = io.StringIO()
    print_record(record, Console(file=file, highlight=False))
    return file.getvalue()


def test_arguments_stand_in_columns() -> None:
    arguments = [
        {"role": "ARG0", "text": "She", "role_description": "giver"},
        {"role": "ARGM-TMP", "text": "yesterday evening", "role_description": ""},
    ]
    frame = {
        "predicate": "gave",
        "index": 1,
        "roleset": "give.01",
        "sense_description": "transfer",
        "arguments": arguments,
    }
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


def test_raw_text_is_shown_as_it_was_typed_and_by_columns_of_the_terminal() -> None:
    arguments = [
        {"role": "ARG0", "text": "日本 ,", "start_char": 0, "end_char": 3, "role_description": "seller"},
        {"role": "ARGM-TMP", "text": "now", "start_char": 9, "end_char": 12, "role_description": "time"},
    ]
    frame = {"predicate": "sells", "index": 2, "roleset": "sell.01", "sense_description": "", "arguments": arguments}
    record = {
        "text": "日本, sell now\t.",
        "offsets": [(0, 2), (2, 3), (4, 8), (9, 12), (13, 14)],
        "words": ["日本", ",", "sell", "now", "."],
        "frames": [frame],
    }
    assert shown(record) == (
        "日本, sell now .\n  sells  sell.01\n    ARG0      日本,  seller\n    ARGM-TMP  now    time\n\n"
    )


def test_predicates_are_marked_in_the_sentence_and_adjuncts_told_from_arguments() -> None:
    arguments = [{"role": role, "text": role, "role_description": ""} for role in ("ARG1", "ARGM-TMP", "R-ARGM-LOC")]
    frame = {"predicate": "b", "index": 1, "roleset": "b.01", "sense_description": "", "arguments": arguments}
    file = io.StringIO()
    print_record(
        {"words": ["a", "b", "b"], "frames": [frame]},
        Console(file=file, highlight=False, color_system="standard", force_terminal=True),
    )
    assert file.getvalue().splitlines() == [
        "\x1b[1ma \x1b[0m\x1b[1;32mb\x1b[0m\x1b[1m b\x1b[0m",
        "  \x1b[1;32mb\x1b[0m\x1b[32m  b.01\x1b[0m",
        "    \x1b[36mARG1        \x1b[0mARG1",
        "    \x1b[35mARGM-TMP    \x1b[0mARGM-TMP",
        "    \x1b[35mR-ARGM-LOC  \x1b[0mR-ARGM-LOC",
        "",
    ]
