"""What is exported of a run, by its kind."""

from pathlib import Path

from grunlp.exporting.exporter import ModelExporter
from grunlp.tasks.spec import task_of


def exporter_for(run: str) -> ModelExporter:
    """The network of a run folder, or of "default", with what its export takes.

    Raises:
        GrunlpError: no run lies there, or it cannot be exported.
    """
    kind = task_of(None if run == "default" else Path(run))
    if kind == "classification":
        from grunlp.tasks.classification.checkpoint import load_trained_classifier
        from grunlp.tasks.classification.export import ClassifierExporter

        return ClassifierExporter(load_trained_classifier(run))
    if kind == "forecasting":
        from grunlp.tasks.forecasting.checkpoint import load_trained_forecaster
        from grunlp.tasks.forecasting.export import ForecasterExporter

        return ForecasterExporter(load_trained_forecaster(run))
    if kind == "seq2seq":
        from grunlp.tasks.seq2seq.checkpoint import load_trained_seq2seq
        from grunlp.tasks.seq2seq.export import Seq2SeqExporter

        return Seq2SeqExporter(load_trained_seq2seq(run))
    if kind == "language_modeling":
        from grunlp.tasks.language_modeling.checkpoint import load_trained_language_model
        from grunlp.tasks.language_modeling.export import LanguageModelExporter

        return LanguageModelExporter(load_trained_language_model(run))
    from grunlp.tasks.srl.checkpoint import TrainedTagger, load_trained_labeller
    from grunlp.tasks.srl.export import SRLExporter
    from grunlp.tasks.tagging.export import TaggerExporter

    loaded = load_trained_labeller(run)
    return TaggerExporter(loaded) if isinstance(loaded, TrainedTagger) else SRLExporter(loaded)
