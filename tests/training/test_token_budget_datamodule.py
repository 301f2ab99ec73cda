"""Batches of examples in memory: shuffling, the ids in a batch, and the whole development split."""

from tests.training.test_datamodules import COLLATE, TRAIN, epoch, make


def test_batches_change_from_epoch_to_epoch_when_asked() -> None:
    assert epoch(make(True), 0) != epoch(make(True), 1) and epoch(make(True), 2) != epoch(make(True), 3)
    assert epoch(make(True, False), 0) == epoch(make(True, False), 1)
    assert epoch(make(True), 1) == epoch(make(True), 1), "the same seed, the same batches"


def test_the_examples_of_a_batch_are_named() -> None:
    data = make(extra=False)
    lengths = {example["id"]: len(example["words"]) * len(example["frames"]) for example in TRAIN}
    counts = {example["id"]: len(example["words"]) * max(1, len(example["frames"])) for example in TRAIN}
    for number, batch in enumerate(epoch(data, 1)):
        names = data.example_ids(1, number)
        assert sum(lengths[name] for name in names) == sum(length for length, _ in batch)
        assert data.batch_loss_counts(1)[number] == sum(counts[name] for name in names)


def test_the_development_split_is_read_whole_and_shortest_first() -> None:
    data = make(extra=False)
    batches = list(data.val_dataloader())
    lengths = [length for batch in batches for length in batch.lengths.tolist()]
    assert sorted(lengths) == sorted(len(example["words"]) for example in TRAIN)
    longest = [int(batch.lengths.max()) for batch in batches]
    assert len(batches) > 1 and longest == sorted(longest)
    assert batches[0].words.shape == COLLATE(TRAIN[: len(batches[0].lengths)]).words[:, : longest[0]].shape
