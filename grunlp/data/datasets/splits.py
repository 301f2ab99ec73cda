"""One split of the corpus of a run."""

from collections.abc import Mapping
from typing import Any

from datasets import Dataset

from grunlp.data.datasets.srl import open_frames
from grunlp.data.datasets.streaming import names_many
from grunlp.tasks.tagging.data import open_tags
from grunlp.utils.errors import GrunlpError


def open_split(data: Mapping[str, Any], split: str, tagged: bool) -> Dataset:
    """One split of the corpus that a run was trained on.

    Args:
        data: the group `data` of the run's config.
        split: train, dev or test.
        tagged: whether with tags, for a tagger; otherwise with frames.

    Raises:
        GrunlpError: as `open_frames`; or the corpus has no such split.
    """
    corpus = (open_tags if tagged else open_frames)({**data, "extra": None}, stream=names_many(data))
    examples: Dataset | None = getattr(corpus, split)
    if examples is None:
        raise GrunlpError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return examples
