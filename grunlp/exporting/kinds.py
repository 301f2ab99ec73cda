"""What is exported of a run, by its kind."""

from pathlib import Path

from grunlp.exporting.exporter import Exportable
from grunlp.tasks.spec import module_of


def open_exportable(run: str) -> Exportable:
    """The network of a run folder, or of "default", with what its export takes.

    Raises:
        GrunlpError: no run lies there, or it cannot be exported.
    """
    kind = module_of(None if run == "default" else Path(run))
    if kind == "classification":
        from grunlp.tasks.classification.checkpoint import load_class_run
        from grunlp.tasks.classification.export import ClassifierExport

        return ClassifierExport(load_class_run(run))
    if kind == "forecasting":
        from grunlp.tasks.forecasting.checkpoint import load_series_run
        from grunlp.tasks.forecasting.export import ForecasterExport

        return ForecasterExport(load_series_run(run))
    if kind == "seq2seq":
        from grunlp.tasks.seq2seq.checkpoint import load_text_run
        from grunlp.tasks.seq2seq.export import WriterExport

        return WriterExport(load_text_run(run))
    if kind == "language_modeling":
        from grunlp.tasks.language_modeling.checkpoint import load_language_run
        from grunlp.tasks.language_modeling.export import LanguageExport

        return LanguageExport(load_language_run(run))
    from grunlp.tasks.srl.checkpoint import TagRun, load_run
    from grunlp.tasks.srl.export import LabellerExport
    from grunlp.tasks.tagging.export import TaggerExport

    loaded = load_run(run)
    return TaggerExport(loaded) if isinstance(loaded, TagRun) else LabellerExport(loaded)
