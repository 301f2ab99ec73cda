"""What is exported of a run, by its kind."""

from pathlib import Path

from grunlp.exporting.exportable import Exportable
from grunlp.kinds import module_of


def open_exportable(run: str) -> Exportable:
    """The network of a run folder, or of "default", with what its export takes.

    Raises:
        GrunlpError: no run lies there, or it cannot be exported.
    """
    kind = module_of(None if run == "default" else Path(run))
    if kind == "class_commands":
        from grunlp.class_run import load_class_run
        from grunlp.exporting.classifier import ClassifierExport

        return ClassifierExport(load_class_run(run))
    if kind == "series_commands":
        from grunlp.exporting.forecaster import ForecasterExport
        from grunlp.series_run import load_series_run

        return ForecasterExport(load_series_run(run))
    if kind == "text_commands":
        from grunlp.exporting.writer import WriterExport
        from grunlp.text_run import load_text_run

        return WriterExport(load_text_run(run))
    if kind == "language_commands":
        from grunlp.exporting.language import LanguageExport
        from grunlp.language_run import load_language_run

        return LanguageExport(load_language_run(run))
    from grunlp.exporting.labeller import LabellerExport
    from grunlp.exporting.tagger import TaggerExport
    from grunlp.run import TagRun, load_run

    loaded = load_run(run)
    return TaggerExport(loaded) if isinstance(loaded, TagRun) else LabellerExport(loaded)
