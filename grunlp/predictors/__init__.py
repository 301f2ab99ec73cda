"""Trained networks from Python: a run folder becomes a function.

    import grunlp

    labeller = grunlp.load("default")
    labeller("She gave him a book.")                  the records of its sentences
    for records in labeller.stream(open("big.txt")):  of each of any number of texts, read as they are needed
        ...

A record is a dictionary, the JSON object that `python -m grunlp.predict style=json` prints.
"""

from pathlib import Path
from typing import Any

from grunlp.kinds import module_of
from grunlp.predictors.predictor import Predictor, Record

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
    match module_of(run):
        case "text_commands":
            from grunlp.predictors.writer import load_writer

            return load_writer([run])
        case "language_commands":
            from grunlp.predictors.language_model import load_language_model

            return load_language_model(run)
        case "class_commands":
            from grunlp.predictors.classifier import load_classifier

            return load_classifier(run)
        case "series_commands":
            from grunlp.predictors.forecaster import load_forecaster

            return load_forecaster(run)
    from grunlp.predictors.labeller import labeller_of
    from grunlp.predictors.tagger import Tagger
    from grunlp.run import TagRun, load_run

    loaded = load_run(run)
    return Tagger(loaded) if isinstance(loaded, TagRun) else labeller_of(loaded)
