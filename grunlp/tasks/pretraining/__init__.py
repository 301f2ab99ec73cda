"""Pretraining of the sentence encoder by predicting masked words."""

from grunlp.tasks.spec import TrainingTask


class PretrainingTask(TrainingTask):
    """The specification of pretraining, whose runs other tasks can start from."""

    name = "pretraining"


SPEC = PretrainingTask()
