"""A corpus: no training sentence occurs in dev or test."""

import logging

import pytest
from datasets import Dataset

from grunlp.data.datasets.corpus import (
    Corpus,
    dedup_keys,
    remove_overlap,
    require_two_labels,
    warn_unknown_labels,
)
from grunlp.utils.errors import UserError


def sentences(*texts: str) -> Dataset:
    return Dataset.from_dict({"words": [text.split() for text in texts]})


def test_sentences_of_dev_and_test_are_removed_from_training(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    held_out = dedup_keys(sentences("Anna sleeps .", "He left ."), None, sentences("It rains ."))
    train, removed = remove_overlap("mine", sentences("She sings .", "anna SLEEPS !", "It rains"), held_out)
    assert train["words"][:] == [["She", "sings", "."]] and removed == 2
    assert "mine: 1 training examples; 2 removed because they occur in dev or test" in caplog.text
    assert Corpus("mine", train, train, None, None, removed).num_removed == 2


def test_without_overlap_the_data_set_stays_the_same() -> None:
    train = sentences("She sings .")
    assert remove_overlap("mine", train, dedup_keys(sentences("He left ."))) == (train, 0)


def test_one_label_alone_is_refused() -> None:
    require_two_labels("mine", "tag", ["O", "O", "B-X"], "")
    for labels, message in ((["O", "O"], "every tag is 'O'"), ([], "it has no tag")):
        with pytest.raises(UserError, match=f"fewer than two tags to learn\n{message}"):
            require_two_labels("mine", "tag", labels, "Give other files.")


def test_unknown_labels_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    warn_unknown_labels("dev", "tags", ["O", "B-X"], {"O", "B-X"})
    assert not caplog.messages
    warn_unknown_labels("dev", "tags", ["B-Y", "O", "B-Y", "B-Z"], {"O"})
    assert caplog.messages == [
        "dev: 3 of 4 tags do not occur in the training data, and count as errors: B-Y (2), B-Z (1)"
    ]
