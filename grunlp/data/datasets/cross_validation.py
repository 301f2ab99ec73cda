"""Cross-validation (`data.num_folds`, `data.fold`) and training on less data (`data.train_fraction`)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets

from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

GroupKeys = Callable[[Dataset], Sequence[str]]


def select_fold(
    splits: Mapping[str, Dataset],
    data: Mapping[str, Any],
    group_keys: GroupKeys | None,
) -> dict[str, Dataset]:
    """Return the splits for the training of one fold.

    With `num_folds` of n above 0, train and dev are merged and divided into n folds of about the same size. Fold `fold`
    is the test split, the next one is the dev split, which selects the best epoch, and the others are the training
    split. The original test split is not used.

    With `outer_num_folds` of m above 0, the same data are first divided into m folds, and fold `outer_fold` is
    excluded, so that it has no influence on a value that is chosen by cross-validation on the remaining data. The
    excluded fold is the test split of `num_folds=m fold=outer_fold` (nested cross-validation; Varma and Simon 2006).

    With `train_fraction` below 1, only the first training examples of a fixed random order are kept.

    Args:
        splits: the splits of the data set; cross-validation needs both train and dev.
        data: the group `data` of the configuration.
        group_keys: returns the group of each example, for instance its document. Groups are not divided between folds
            and are assigned at random with a fixed seed; an example whose group is "" is a group of its own. None: the
            order is kept, and each fold is a contiguous range.

    Raises:
        UserError: there is no dev split, or there are fewer groups than folds.
    """
    num_folds, fold = data.get("num_folds", 0), data.get("fold", 0)
    num_outer_folds, fraction = data.get("outer_num_folds", 0), data.get("train_fraction", 1.0)
    if not num_folds:
        if "dev" not in splits:
            details = "a training needs data.train and data.dev; data.test is scored once at the end"
            hint = "Add data.dev=FILE, or data.num_folds=5 for cross-validation"
            raise UserError("data.dev is not given", details, hint)
        return {**splits, "train": _subsample(splits["train"], fraction, group_keys)}
    name, pool = data["name"], concatenate_datasets([splits[split] for split in ("train", "dev") if split in splits])
    if num_outer_folds:
        outer_folds = _assign_folds(name, pool, num_outer_folds, group_keys)
        pool = pool.select(np.flatnonzero(outer_folds != data["outer_fold"]))
    folds, dev_fold = _assign_folds(name, pool, num_folds, group_keys), (fold + 1) % num_folds
    log.info("%s: fold %d of %d for test, %d for dev, from %d examples", name, fold, num_folds, dev_fold, len(pool))
    train = pool.select(np.flatnonzero((folds != fold) & (folds != dev_fold)))
    return {
        "train": _subsample(train, fraction, group_keys),
        "dev": pool.select(np.flatnonzero(folds == dev_fold)),
        "test": pool.select(np.flatnonzero(folds == fold)),
    }


def _assign_folds(name: str, pool: Dataset, num_folds: int, group_keys: GroupKeys | None) -> np.ndarray:
    """Return the fold of each example."""
    if group_keys is not None:
        folds = _assign_groups(group_keys(pool), num_folds)
    else:
        folds = np.arange(len(pool)) * num_folds // max(1, len(pool))
    if len(set(folds.tolist())) < num_folds:
        details = f"{len(pool)} examples{' in too few documents' if group_keys else ''}"
        raise UserError(f"{name} is too small for {num_folds} folds", details, "Lower data.num_folds.")
    return folds


def _subsample(train: Dataset, fraction: float, group_keys: GroupKeys | None) -> Dataset:
    """Return a fraction of the examples, at least one of them.

    Whole groups are added in random order until the fraction is reached, or the first examples are kept if `group_keys`
    is None.
    """
    if fraction == 1:
        return train
    count = max(1, round(fraction * len(train)))
    if group_keys is None:
        return train.select(range(count))
    _, groups = np.unique(_group_names(group_keys(train)), return_inverse=True)
    order = np.random.default_rng(0).permutation(groups.max() + 1)[groups]  # position of the group of each example
    sizes = np.bincount(order)
    num_groups = max(1, int((np.cumsum(sizes) <= count).sum()))
    log.info("%.3g of the training data: %d of %d examples", fraction, sizes[:num_groups].sum(), len(train))
    return train.select(np.flatnonzero(order < num_groups))


def _group_names(groups: Sequence[str]) -> list[str]:
    """Return the group of each example; an example without a group becomes a group of its own."""
    return [name or f" {i}" for i, name in enumerate(groups)]


def _assign_groups(group_keys: Sequence[str], num_folds: int) -> np.ndarray:
    """Assign each group, in random order, to the fold that is smallest so far; return the fold of each example."""
    _, groups, sizes = np.unique(_group_names(group_keys), return_inverse=True, return_counts=True)
    folds, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(num_folds, dtype=np.int64)
    for group in np.random.default_rng(0).permutation(len(sizes)):
        folds[group] = filled.argmin()
        filled[folds[group]] += sizes[group]
    return folds[groups]
