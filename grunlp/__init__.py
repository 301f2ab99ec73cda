"""grunlp: sequence labelling and text generation with gated recurrent networks.

    import grunlp

    labeller = grunlp.load("default")  # or a run folder
    labeller("She gave him a book.")

See `grunlp.tasks` for more.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grunlp.tasks import Predictor

__all__ = ["load"]
__version__ = "0.1.0"


def load(run: str | Path = "default") -> "Predictor[Any, Any]":
    """Load the predictor of a run folder; see `grunlp.tasks.load`."""
    from grunlp import tasks  # here, because it takes seconds to import

    return tasks.load(run)
