from itertools import chain

import pytest

from grunlp.data.example import Example
from grunlp.data.leaks import LeaveOutShared, held_out_texts
from grunlp.data.readers import read


def sentences(*texts: str) -> list[Example]:
    return [Example(id="", document="", words=text.split(), pos=[], frames=[]) for text in texts]


def test_shared_sentences_are_left_out_and_counted():
    training = sentences("Thank you .", "Anna slept .", "THANK YOU !", "Thank you all .", "re - homing")
    kept = LeaveOutShared(training, held_out_texts(sentences("thank you .", "re-homing", "Bye")))
    assert list(kept) == [training[1], training[3]]
    assert kept.left_out == 3


def test_each_iteration_counts_anew():
    kept = LeaveOutShared(sentences("a", "b"), held_out_texts(sentences("a")))
    assert [len(list(kept)), len(list(kept)), kept.left_out] == [1, 1, 1]


def test_sentences_of_signs_alone_are_told_apart():
    kept = LeaveOutShared(sentences(": )", "* * *"), held_out_texts(sentences("***", "!")))
    assert [example["words"] for example in kept] == [[":", ")"]]


@pytest.mark.realdata
def test_propbank_ewt(data_root):
    train, dev, test = (data_root / "propbank-ewt" / f"{split}.conll.gz" for split in ("train", "dev", "test"))
    kept = LeaveOutShared(read(train), held_out_texts(chain(read(dev), read(test))))
    assert (sum(1 for _ in kept), kept.left_out) == (12011, 509)
