"""Trained networks from Python: a run folder becomes a function.

    >>> import grunlp
    >>> labeller = grunlp.load("default")
    >>> (record,) = labeller("She gave him a book.")  # a record a sentence
    >>> record["frames"][0]["roleset"], [argument["text"] for argument in record["frames"][0]["arguments"]]
    ('give.01', ['She', 'him', 'a book'])

A record is the JSON object that `python -m grunlp.predict style=json` prints, as a dictionary. Any number of texts, of
a file or a generator, are read as they are needed and answered in their order, many at a time:

    >>> texts = (f"She gave him {thing}." for thing in ("a book", "two cents"))
    >>> for records in labeller.stream(texts):
    ...     print(records[0]["frames"][0]["text"])
    [ARG0 She] [V gave] [ARG2 him] [ARG1 a book] .
    [ARG0 She] [V gave] [ARG2 him] [ARG1 two cents] .

A column of pandas, and `map` of Hugging Face datasets, take the answers to several texts at once:

    >>> def rolesets(texts):
    ...     answers = labeller.batch(texts)
    ...     return [[frame["roleset"] for record in records for frame in record["frames"]] for records in answers]
    >>> import pandas as pd
    >>> table = pd.DataFrame({"text": ["She gave him a book. Was he glad?", "Nothing."]})
    >>> table["rolesets"] = rolesets(table["text"])
    >>> table["rolesets"].tolist()
    [['give.01', 'be.01', 'glad.02'], []]
    >>> from datasets import Dataset
    >>> data = Dataset.from_dict({"text": ["She gave him a book. Was he glad?", "Nothing."]})
    >>> data.map(lambda rows: {"rolesets": rolesets(rows["text"])}, batched=True)["rolesets"][:]
    [['give.01', 'be.01', 'glad.02'], []]

Predictors of other kinds work alike; each class says what goes in and what comes out. Settings are fields:

    >>> from dataclasses import replace
    >>> modest = replace(labeller, batch_tokens=500)  # shares the network
"""

from pathlib import Path
from typing import Any

from grunlp.tasks.predictor import Predictor, Record
from grunlp.tasks.spec import task_of

__all__ = ["Predictor", "Record", "load"]


def load(run: str | Path = "default") -> Predictor[Any, Any]:
    """The predictor of a run folder: a labeller, tagger, classifier, writer, language model or forecaster.

    Args:
        run: the folder; "default" is the labeller that comes with grunlp (English).

    Returns:
        a predictor, which computes on the CPU; its `kind` says which it is.

    Raises:
        GrunlpError: no finished run lies there, or its parts do not fit each other.
    """
    # Imports stand here, since each kind needs others of the libraries.
    match task_of(run):
        case "seq2seq":
            from grunlp.tasks.seq2seq.predictor import load_seq2seq_predictor

            return load_seq2seq_predictor([run])
        case "language_modeling":
            from grunlp.tasks.language_modeling.predictor import load_language_model_predictor

            return load_language_model_predictor(run)
        case "classification":
            from grunlp.tasks.classification.predictor import load_classifier

            return load_classifier(run)
        case "forecasting":
            from grunlp.tasks.forecasting.predictor import load_forecaster

            return load_forecaster(run)
    from grunlp.tasks.srl.checkpoint import TrainedTagger, load_trained_labeller
    from grunlp.tasks.srl.predictor import srl_predictor_from_run
    from grunlp.tasks.tagging.predictor import TaggerPredictor

    loaded = load_trained_labeller(run)
    return TaggerPredictor(loaded) if isinstance(loaded, TrainedTagger) else srl_predictor_from_run(loaded)
