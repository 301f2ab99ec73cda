"""Options of data sets, vocabularies, tokenizers and loaders that several tasks share.

This module imports no heavy library.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from grunlp.configuration.options import option

FrameFormat = Literal[
    "json-flat", "json-predicates", "json-lines", "words-tags", "conll2012", "columns", "conllu", "conll2005"
]
TokenizerType = Literal["bpe", "unigram", "word", "character"]


@dataclass
class DataOptions:
    """Cross-validation, and training on a fraction of the data.

    Attributes:
        streamable: whether the training split can be read as a stream.
    """

    streamable: ClassVar[bool] = False

    num_folds: int = option(
        0, "cross-validation: divide train and dev into this many folds; 0: none", minimum=0, maximum=1000
    )
    fold: int = option(0, "number of the test fold, from 0; the next fold is dev", minimum=0, maximum=999)
    outer_num_folds: int = option(
        0,
        "nested cross-validation: divide into this many outer folds first and leave one out; 0: none",
        minimum=0,
        maximum=1000,
    )
    outer_fold: int = option(0, "number of the outer fold to leave out, from 0", minimum=0, maximum=999)
    train_fraction: float = option(
        1.0,
        "fraction of the training examples to use, in whole documents if these are known",
        minimum=0.001,
        maximum=1.0,
    )


@dataclass
class FileOptions(DataOptions):
    """The user's own files, plain, gz or xz."""

    streamable: ClassVar[bool] = True

    train: str | None = option(None, "training file, or a shell pattern of files to stream; required", content="path")
    dev: str | None = option(None, "development file; required unless num_folds is set", content="path")
    test: str | None = option(None, "test file, scored once at the end", content="path")
    encoding: str | None = option(None, "encoding of the files, such as cp1252; null: utf-8")


@dataclass
class TableFiles(FileOptions):
    """The user's own files with an example a row or a JSON object."""

    separator: Literal["tab", "comma", "semicolon", "pipe"] | None = option(
        None, "separator of the cells of tables; null: detected from the first rows"
    )
    quoting: bool | None = option(
        None, "cells of tables may be enclosed in double quotes, as in CSV; null: detected from the first rows"
    )
    header: bool | None = option(
        None, "the first row of tables names the columns; null: detected by known names and the rows below"
    )


@dataclass
class HubOptions(DataOptions):
    """A data set of the Hugging Face hub, or local Parquet or JSON files."""

    streamable: ClassVar[bool] = True

    path: str | None = option(None, "name on the hub, or a local folder or file; required", content="path or name")
    config: str | None = option(None, "configuration of a hub data set that has several", content="text")
    train: str = option("train", "name of the training split", content="text")
    dev: str = option("validation", "name of the development split", content="text")
    test: str | None = option("test", "name of the test split; null: there is none", content="text")


@dataclass
class FrameFiles(FileOptions):
    """The user's own files of sentences with predicates and roles, in any format that `grunlp-data check` reads."""

    train_words_file: str | None = option(None, "words of train, for CoNLL-2005 props without words", content="path")
    dev_words_file: str | None = option(None, "words of dev, for CoNLL-2005 props without words", content="path")
    test_words_file: str | None = option(None, "words of test, for CoNLL-2005 props without words", content="path")
    format: FrameFormat | None = option(None, "format of the files; null: detected from the first sentences")


@dataclass
class FrameHub(HubOptions):
    """A hub data set with one predicate in each row: a column of words and one of BIO tags."""

    words: str | None = option(None, "column of the words; required", content="text")
    tags: str | None = option(None, "column of the tags; required", content="text")
    predicate: str | None = option(
        None,
        "column of the predicate's index or of 0/1 marks; null: the predicate is the word tagged B-V",
        content="text",
    )


@dataclass
class WordCountOptions:
    """Vocabulary built from the words of the training data."""

    min_count: int = option(
        2,
        "smallest frequency: rarer words have no embedding and are known only by their characters",
        minimum=1,
        maximum=10**9,
    )


@dataclass
class VocabularyOptions(WordCountOptions):
    """Vocabulary of words, and their pretrained word vectors."""

    vectors: str | None = option(
        None,
        "text file of GloVe, fastText or word2vec vectors with model.word_size numbers each",
        content="path or name",
    )
    max_vectors: int = option(
        100_000, "words of the vector file to add to those of the training data", minimum=0, maximum=10**9
    )


@dataclass
class TokenizerOptions:
    """The tokenizer, trained on the training data."""

    kind: TokenizerType = option("bpe", "type of tokenizer")
    size: int = option(
        10_000, "largest number of tokens in the vocabulary; there is no limit for characters", minimum=5, maximum=10**7
    )
    min_count: int = option(
        2,
        "smallest frequency: rarer pairs are not merged, rarer words and characters are unknown",
        minimum=1,
        maximum=10**9,
    )


@dataclass
class ShuffleOptions:
    """The order of the training data."""

    shuffle_each_epoch: bool = option(True, "make new batches for each epoch")


@dataclass
class LoaderOptions(ShuffleOptions):
    """Batches of examples of about the same length."""

    batch_tokens: int = option(1200, "tokens in a batch", minimum=1, maximum=10**9)
    num_workers: int = option(0, "processes that prepare batches; 0: the training process", minimum=0, maximum=256)


@dataclass
class StreamingLoaderOptions(LoaderOptions):
    """Batches of examples of about the same length, for streamed data too."""

    stream_buffer_size: int = option(
        0,
        "stream training data larger than memory, this many examples at a time; needs trainer.batches_per_epoch; 0: "
        "read everything at once",
        minimum=0,
        maximum=10**9,
    )
