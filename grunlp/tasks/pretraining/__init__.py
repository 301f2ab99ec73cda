"""Pretraining of the sentence encoder by predicting masked words."""

from grunlp.tasks.spec import TrainingTask


class PretrainingTask(TrainingTask):
    """Pretraining, whose runs other tasks start from."""

    name = "pretraining"


SPEC = PretrainingTask()
