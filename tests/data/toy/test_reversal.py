"""Toy reversal: strings of digits and their reversal."""

from grunlp.data.toy.reversal import reversal_pairs


def test_targets_are_reversed_sources_and_no_string_occurs_twice() -> None:
    pairs = {split: list(reversal_pairs(split)) for split in ("train", "dev", "test")}
    assert {split: len(rows) for split, rows in pairs.items()} == {"train": 4500, "dev": 250, "test": 250}
    sources = [pair["source"] for rows in pairs.values() for pair in rows]
    assert len(set(sources)) == len(sources)
    for rows in pairs.values():
        for pair in rows:
            digits = pair["source"].split()
            assert 2 <= len(digits) <= 8 and pair["target"].split() == digits[::-1]
    assert list(reversal_pairs("dev")) == pairs["dev"], "deterministic"
