"""Cross-validation: other splits of the same data, told by `data.folds` and `data.fold`."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets

from grunlp.errors import GrunlpError

log = logging.getLogger(__name__)


def take_fold(
    splits: Mapping[str, Dataset],
    data: Mapping[str, Any],
    groups: Callable[[Dataset], Sequence[str]] | None,
) -> dict[str, Dataset]:
    """The splits that a training of this fold sees.

    With `folds` of n above 0, train and dev are put together and parted into n folds of about the same size. Fold
    `fold` is the test split, the next one, by which the best epoch is chosen, the dev split, and the others are for
    training. The data set's own test split has no part in it.

    Args:
        splits: as they lie there; without folds both train and dev are needed.
        data: with `name` and perhaps `folds` and `fold`.
        groups: names the group of each example, its document say. A group stays together, an example whose group is ""
            stands alone; groups are dealt out at random, always in the same way. None: the order is kept, each fold is
            one stretch of it.

    Raises:
        GrunlpError: there is no dev split; or there are fewer groups than folds.
    """
    folds, fold = data.get("folds", 0), data.get("fold", 0)
    if not folds:
        if "dev" not in splits:
            there = "a training needs data.train and data.dev; data.test is scored once at the end"
            raise GrunlpError("data.dev is not given", there, "Add data.dev=FILE, or data.folds=5 for cross-validation")
        return dict(splits)
    pool = concatenate_datasets([splits[name] for name in ("train", "dev") if name in splits])
    where = _deal(groups(pool), folds) if groups else np.arange(len(pool)) * folds // max(1, len(pool))
    if len(set(where.tolist())) < folds:
        there = f"{len(pool)} examples{' in too few documents' if groups else ''}"
        raise GrunlpError(f"{data['name']}: too little for {folds} folds", there, "Lower data.folds.")
    dev = (fold + 1) % folds
    log.info("%s: fold %d of %d for test, %d for dev, from %d examples", data["name"], fold, folds, dev, len(pool))
    return {
        "train": pool.select(np.flatnonzero((where != fold) & (where != dev))),
        "dev": pool.select(np.flatnonzero(where == dev)),
        "test": pool.select(np.flatnonzero(where == fold)),
    }


def _deal(groups: Sequence[str], folds: int) -> np.ndarray:
    """The fold of each example: groups in random order, each to the fold that has the fewest examples so far."""
    names = [name or f" {i}" for i, name in enumerate(groups)]
    _, which, sizes = np.unique(names, return_inverse=True, return_counts=True)
    of_group, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for group in np.random.default_rng(0).permutation(len(sizes)):
        of_group[group] = filled.argmin()
        filled[of_group[group]] += sizes[group]
    return of_group[which]
