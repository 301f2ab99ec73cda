"""Cross-validation by `data.folds` and `data.fold`: other splits of the same data. Less of it by `data.share`."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets

from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

# of the group `data`, whatever the data set
CROSS_VALIDATION_KEYS = ("folds", "fold", "outer_folds", "outer_fold", "share")

GroupKeys = Callable[[Dataset], Sequence[str]]


def split_options(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys of a data set itself, and those that `select_fold` reads, `name` with them."""
    own = {key: value for key, value in data.items() if key not in CROSS_VALIDATION_KEYS}
    return own, {key: data[key] for key in ("name", *CROSS_VALIDATION_KEYS) if key in data}


def select_fold(
    splits: Mapping[str, Dataset],
    data: Mapping[str, Any],
    group_keys: GroupKeys | None,
) -> dict[str, Dataset]:
    """The splits that a training of this fold sees.

    With `folds` of n above 0, train and dev are put together and parted into n folds of about the same size. Fold
    `fold` is the test split, the next one, by which the best epoch is chosen, the dev split, and the others are for
    training. The data set's own test split has no part in it.

    With `outer_folds` of m above 0, the same data are parted into m folds first, and fold `outer_fold` is left out of
    all: a value that is chosen by the n folds of the rest has not seen it. It is the test split of
    `folds=m fold=outer_fold` (nested cross-validation; Varma and Simon 2006).

    With `share` below 1 only the first so many training examples of a random order, always the same, are left.

    Args:
        splits: as they lie there; without folds both train and dev are needed.
        data: with `name` and perhaps CROSS_VALIDATION_KEYS.
        group_keys: names the group of each example, its document say. A group stays together, an example whose group is
            ""
            stands alone; groups are dealt out at random, always in the same way. None: the order is kept, each fold is
            one stretch of it.

    Raises:
        UserError: there is no dev split; or there are fewer groups than folds.
    """
    folds, fold = data.get("folds", 0), data.get("fold", 0)
    if not folds:
        if "dev" not in splits:
            there = "a training needs data.train and data.dev; data.test is scored once at the end"
            raise UserError("data.dev is not given", there, "Add data.dev=FILE, or data.folds=5 for cross-validation")
        return {**splits, "train": _subsample(splits["train"], data.get("share", 1.0), group_keys)}
    pool = concatenate_datasets([splits[name] for name in ("train", "dev") if name in splits])
    if outer := data.get("outer_folds", 0):
        pool = pool.select(np.flatnonzero(_assign_folds(data["name"], pool, outer, group_keys) != data["outer_fold"]))
    where = _assign_folds(data["name"], pool, folds, group_keys)
    dev = (fold + 1) % folds
    log.info("%s: fold %d of %d for test, %d for dev, from %d examples", data["name"], fold, folds, dev, len(pool))
    train = pool.select(np.flatnonzero((where != fold) & (where != dev)))
    return {
        "train": _subsample(train, data.get("share", 1.0), group_keys),
        "dev": pool.select(np.flatnonzero(where == dev)),
        "test": pool.select(np.flatnonzero(where == fold)),
    }


def _assign_folds(name: str, pool: Dataset, folds: int, group_keys: GroupKeys | None) -> np.ndarray:
    """The fold of each example."""
    where = _assign_groups(group_keys(pool), folds) if group_keys else np.arange(len(pool)) * folds // max(1, len(pool))
    if len(set(where.tolist())) < folds:
        there = f"{len(pool)} examples{' in too few documents' if group_keys else ''}"
        raise UserError(f"{name}: too little for {folds} folds", there, "Lower data.folds.")
    return where


def _subsample(train: Dataset, fraction: float, group_keys: GroupKeys | None) -> Dataset:
    """So many of the examples, one at least: whole groups in random order while they fit; of what is kept in order, its
    beginning."""
    if fraction == 1:
        return train
    count = max(1, round(fraction * len(train)))
    if group_keys is None:
        return train.select(range(count))
    _, which = np.unique(_group_names(group_keys(train)), return_inverse=True)
    places = np.random.default_rng(0).permutation(which.max() + 1)  # of each group in the order
    sizes = np.bincount(places[which])
    fitting = max(1, int((np.cumsum(sizes) <= count).sum()))
    log.info("%.3g of the training data: %d of %d examples", fraction, sizes[:fitting].sum(), len(train))
    return train.select(np.flatnonzero(places[which] < fitting))


def _group_names(groups: Sequence[str]) -> list[str]:
    """Of each example; those without one stand alone."""
    return [name or f" {i}" for i, name in enumerate(groups)]


def _assign_groups(groups: Sequence[str], folds: int) -> np.ndarray:
    """The fold of each example: groups in random order, each to the fold that has the fewest examples so far."""
    _, which, sizes = np.unique(_group_names(groups), return_inverse=True, return_counts=True)
    of_group, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for group in np.random.default_rng(0).permutation(len(sizes)):
        of_group[group] = filled.argmin()
        filled[of_group[group]] += sizes[group]
    return of_group[which]
