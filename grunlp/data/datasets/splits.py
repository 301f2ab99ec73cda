"""One split of the corpus of a run."""

from collections.abc import Mapping
from typing import Any

from datasets import Dataset

from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.datasets.streaming import is_glob
from grunlp.tasks.tagging.data import open_tagging_corpus
from grunlp.utils.errors import UserError


def open_labelled_split(data: Mapping[str, Any], split: str, tagged: bool) -> Dataset:
    """One split of the corpus that a run was trained on.

    Args:
        data: the group `data` of the run's config.
        split: train, dev or test.
        tagged: whether with tags, for a tagger; otherwise with frames.

    Raises:
        UserError: as `open_srl_corpus`; or the corpus has no such split.
    """
    corpus = (open_tagging_corpus if tagged else open_srl_corpus)({**data, "extra": None}, stream=is_glob(data))
    examples: Dataset | None = getattr(corpus, split)
    if examples is None:
        raise UserError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return examples
