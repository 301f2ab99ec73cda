"""The recipes and the packages of their tasks; a new task is added only here."""

TASKS = {
    "srl": "grunlp.tasks.srl",
    "finetune": "grunlp.tasks.srl",
    "tag": "grunlp.tasks.tagging",
    "classify": "grunlp.tasks.classification",
    "translate": "grunlp.tasks.seq2seq",
    "summarize": "grunlp.tasks.seq2seq",
    "lm": "grunlp.tasks.language_modeling",
    "forecast": "grunlp.tasks.forecasting",
    "pretrain": "grunlp.tasks.pretraining",
}
"""The package of each recipe's task, which has its description, `SPEC`."""
