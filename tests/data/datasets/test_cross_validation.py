import pytest
from datasets import Dataset

from grunlp.data.datasets.cross_validation import select_fold
from grunlp.utils.errors import UserError

NAMES = ["a", "a", "b", "c", "", "", "d", "e", "e", "e", "f", ""]
SPLITS = {
    "train": Dataset.from_dict({"n": list(range(9)), "document": NAMES[:9]}),
    "dev": Dataset.from_dict({"n": [9, 10, 11], "document": NAMES[9:]}),
    "test": Dataset.from_dict({"n": [12], "document": ["a"]}),
}


def folds_of(count: int, kept_in_order: bool) -> list[dict[str, list[int]]]:
    groups = None if kept_in_order else (lambda rows: rows["document"])
    taken = [select_fold(SPLITS, {"name": "x", "num_folds": count, "fold": fold}, groups) for fold in range(count)]
    return [{split: list(rows["n"]) for split, rows in splits.items()} for splits in taken]


@pytest.mark.parametrize("kept_in_order", [True, False])
@pytest.mark.parametrize("count", [3, 4, 6])
def test_every_example_is_tested_once_and_in_one_split_of_a_fold(count: int, kept_in_order: bool) -> None:
    found = folds_of(count, kept_in_order)
    assert sorted(n for splits in found for n in splits["test"]) == list(range(12))
    for fold, splits in enumerate(found):
        assert sorted(n for rows in splits.values() for n in rows) == list(range(12))
        assert splits["dev"] == found[(fold + 1) % count]["test"], "the fold after it chooses the epoch"
        if kept_in_order:
            assert splits["test"] == list(range(fold * 12 // count, (fold + 1) * 12 // count))


def test_documents_stay_together_and_folds_are_of_a_size() -> None:
    for splits in folds_of(4, kept_in_order=False):
        documents = [{NAMES[n] for n in rows} - {""} for rows in splits.values()]
        assert not (documents[0] & documents[1] or documents[0] & documents[2] or documents[1] & documents[2])
        assert 2 <= len(splits["test"]) <= 4


def test_without_folds_nothing_changes_and_dev_is_needed() -> None:
    assert select_fold(SPLITS, {"name": "x"}, None) == SPLITS
    with pytest.raises(UserError, match=r"(?s)data.dev is not given.*Add data.dev=FILE, or data.num_folds=5"):
        select_fold({"train": SPLITS["train"]}, {"name": "x", "num_folds": 0}, None)


def test_too_few_documents() -> None:
    with pytest.raises(UserError, match=r"(?s)x is too small for 5 folds.*12 examples in too few documents"):
        select_fold(SPLITS, {"name": "x", "num_folds": 5, "fold": 0}, lambda rows: ["a", "b", "c"] * 4)


def numbers(rows: Dataset) -> list[int]:
    return list(rows["n"])


@pytest.mark.parametrize("kept_in_order", [True, False])
def test_no_inner_fold_sees_the_outer_one(kept_in_order: bool) -> None:
    groups = None if kept_in_order else (lambda rows: rows["document"])
    outer_tests = folds_of(3, kept_in_order)
    for outer in range(3):
        seen: list[int] = []
        for fold in range(3):
            data = {"name": "x", "num_folds": 3, "fold": fold, "outer_num_folds": 3, "outer_fold": outer}
            inner = select_fold(SPLITS, data, groups)
            every = sorted(n for rows in inner.values() for n in rows["n"])
            assert every == sorted(set(range(12)) - set(outer_tests[outer]["test"]))
            seen += numbers(inner["test"])
        assert sorted(seen) == every, "each of the rest is tested once"


def test_a_share_of_the_training_examples_by_document() -> None:
    data = {"name": "x", "num_folds": 4, "fold": 1}
    whole = select_fold(SPLITS, data, lambda rows: rows["document"])
    found = {}
    for share in (0.25, 0.5, 0.75, 1.0):
        splits = select_fold(SPLITS, {**data, "train_fraction": share}, lambda rows: rows["document"])
        found[share] = numbers(splits["train"])
        documents = {NAMES[n] for n in found[share]}
        assert len(found[share]) <= round(share * len(whole["train"])) or len(documents) == 1, "one at least"
        assert numbers(splits["dev"]) == numbers(whole["dev"]) and numbers(splits["test"]) == numbers(whole["test"])
        taken, left = set(found[share]), set(numbers(whole["train"])) - set(found[share])
        assert not {NAMES[n] for n in taken} & {NAMES[n] for n in left} - {""}, "documents stay whole"
    assert found[1.0] == numbers(whole["train"])
    assert set(found[0.25]) <= set(found[0.5]) <= set(found[0.75]), "more data hold the fewer"
    assert len(found[0.25]) < len(found[0.75]) < len(found[1.0])


def test_a_share_without_folds_and_of_what_is_kept_in_order() -> None:
    assert numbers(select_fold(SPLITS, {"name": "x", "train_fraction": 0.5}, None)["train"]) == [0, 1, 2, 3]
    assert numbers(select_fold(SPLITS, {"name": "x", "train_fraction": 0.01}, None)["train"]) == [0], "one at least"
    some = numbers(select_fold(SPLITS, {"name": "x", "train_fraction": 0.5}, lambda rows: [""] * len(rows))["train"])
    assert len(some) == 4 and some != [0, 1, 2, 3], "in random order"
