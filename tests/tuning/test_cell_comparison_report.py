"""Tables of a comparison of cells."""

from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.tuning.cell_comparison_report import format_markdown, format_table, table_rows

ROW = {
    "cell": "gru", "sizes": {"hidden_size": 8}, "score": 90.123, "interval": [89.0, 91.5], "weights": 12345,
    "seconds": 1.26, "milliseconds_an_example": 0.5, "difference": None,
}  # fmt: skip
OTHER = ROW | {
    "cell": "lstm", "sizes": {}, "difference": -1.5, "difference_interval": [-2.0, 0.25], "p_examples": 0.04,
    "p_seeds": None,
}  # fmt: skip


def test_the_first_cell_has_no_difference_to_itself() -> None:
    header, (first, second) = table_rows([ROW, OTHER], PrimaryMetric("accuracy", "accuracy"))
    assert len(header) == len(first) == len(second) and "minus gru" in header
    assert first[:4] == ["gru", "8", "90.12", "89.00 to 91.50"] and first[-4:] == [""] * 4
    assert second[1] == "-" and second[-4:] == ["-1.50", "-2.00 to +0.25", "0.0400", "-"]


def test_tables_for_terminals_and_markdown() -> None:
    header, lines = ["cell", "F1"], [["gru", "9.00"], ["mingru", "10.00"]]
    assert format_table(header, lines) == "cell       F1\ngru      9.00\nmingru  10.00\n"
    assert format_markdown(header, lines).splitlines() == [
        "| cell | F1 |", "| --- | ---: |", "| gru | 9.00 |", "| mingru | 10.00 |",
    ]  # fmt: skip
