"""Streamed data sets from the Hub, read shard by shard."""

from pathlib import Path
from typing import Any

from datasets import Dataset

from grunlp.data.datasets.srl import FEATURES, open_srl_corpus
from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.deduplication import normalized_text
from tests.random_srl_corpus import toy_corpus


def test_shards_of_a_hub_dataset(tmp_path: Path) -> None:
    examples = [one for one in toy_corpus(30, 4) if one["frames"]]
    rows = [
        {"words": one["words"], "tags": frame["tags"], "verb": frame["index"]}
        for one in examples
        for frame in one["frames"]
    ]
    for number in range(3):
        Dataset.from_list(rows[number::3] if number < 2 else rows[:4]).to_parquet(f"{tmp_path}/train-{number}.parquet")
    Dataset.from_list(rows[:4]).to_parquet(f"{tmp_path}/validation-0.parquet")
    data = {"name": "hub", "path": str(tmp_path), "config": None, "words": "words", "tags": "tags", "predicate": "verb"}
    data |= {"train": "train", "dev": "validation", "test": None, "extra_train": None}
    corpus, whole = open_srl_corpus(data, stream=True), open_srl_corpus(data)
    assert isinstance(corpus.train, StreamingDataset) and len(corpus.train.shards) == 3

    def frames(split: Any) -> list[tuple[str, Any]]:
        return sorted((normalized_text(one["words"]), str(one["frames"])) for one in split)

    assert frames(corpus.train) == frames(whole.train) and corpus.num_removed == whole.num_removed > 0
    assert set(FEATURES) <= set(corpus.train.column_names)
