"""Cross-validation (`data.num_folds`, `data.fold`) and training on less data (`data.train_fraction`)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets

from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

# of the group `data`, whatever the data set
CROSS_VALIDATION_KEYS = ("num_folds", "fold", "outer_num_folds", "outer_fold", "train_fraction")

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
    """Return the splits for the training of one fold.

    With `num_folds` of n above 0, train and dev are merged and divided into n folds of about the same size. Fold `fold`
    is
    the test split, the next one is the dev split, by which the best epoch is chosen, and the others are for training.
    The
    test split of the data set is not used.

    With `outer_num_folds` of m above 0, the same data are first divided into m folds, and fold `outer_fold` is left out
    of
    everything, so that a value chosen by the n folds of the rest has not seen it. It is the test split of `num_folds=m
    fold=outer_fold` (nested cross-validation; Varma and Simon 2006).

    With `train_fraction` below 1, only the first training examples of a fixed random order are kept.

    Args:
        splits: of the data set; without folds both train and dev are needed.
        data: the group `data` of the configuration.
        group_keys: returns the group of each example, its document for instance. Groups stay together and are
            assigned at random, always in the same way; an example whose group is "" is a group of its own. None: the
            order is kept, and each fold is one contiguous part of it.

    Raises:
        UserError: there is no dev split, or there are fewer groups than folds.
    """
    folds, fold = data.get("num_folds", 0), data.get("fold", 0)
    if not folds:
        if "dev" not in splits:
            there = "a training needs data.train and data.dev; data.test is scored once at the end"
            raise UserError(
                "data.dev is not given", there, "Add data.dev=FILE, or data.num_folds=5 for cross-validation"
            )
        return {**splits, "train": _subsample(splits["train"], data.get("train_fraction", 1.0), group_keys)}
    pool = concatenate_datasets([splits[name] for name in ("train", "dev") if name in splits])
    if outer := data.get("outer_num_folds", 0):
        pool = pool.select(np.flatnonzero(_assign_folds(data["name"], pool, outer, group_keys) != data["outer_fold"]))
    where = _assign_folds(data["name"], pool, folds, group_keys)
    dev = (fold + 1) % folds
    log.info("%s: fold %d of %d for test, %d for dev, from %d examples", data["name"], fold, folds, dev, len(pool))
    train = pool.select(np.flatnonzero((where != fold) & (where != dev)))
    return {
        "train": _subsample(train, data.get("train_fraction", 1.0), group_keys),
        "dev": pool.select(np.flatnonzero(where == dev)),
        "test": pool.select(np.flatnonzero(where == fold)),
    }


def _assign_folds(name: str, pool: Dataset, folds: int, group_keys: GroupKeys | None) -> np.ndarray:
    """Return the fold of each example."""
    where = _assign_groups(group_keys(pool), folds) if group_keys else np.arange(len(pool)) * folds // max(1, len(pool))
    if len(set(where.tolist())) < folds:
        there = f"{len(pool)} examples{' in too few documents' if group_keys else ''}"
        raise UserError(f"{name}: too little for {folds} folds", there, "Lower data.num_folds.")
    return where


def _subsample(train: Dataset, fraction: float, group_keys: GroupKeys | None) -> Dataset:
    """Return a fraction of the examples, at least one.

    These are whole groups in random order as long as they fit, or the first examples if the order is kept.
    """
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
    """Return the group of each example; one without a group is a group of its own."""
    return [name or f" {i}" for i, name in enumerate(groups)]


def _assign_groups(groups: Sequence[str], folds: int) -> np.ndarray:
    """Assign each group, in random order, to the smallest fold so far; return the fold of each example."""
    _, which, sizes = np.unique(_group_names(groups), return_inverse=True, return_counts=True)
    of_group, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for group in np.random.default_rng(0).permutation(len(sizes)):
        of_group[group] = filled.argmin()
        filled[of_group[group]] += sizes[group]
    return of_group[which]
