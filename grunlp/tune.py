"""`python -m grunlp.tune recipe=NAME search_space=model.hidden_size=32..512` selects a value by cross-validation."""

import sys
from collections.abc import Sequence

from grunlp.configuration.options import Option, format_options, options_of
from grunlp.tuning.options import TuneOptions
from grunlp.utils.cli import command

_HELP = f"""Choose the value of an option by cross-validation: the smallest network that is as good as the best.

  python -m grunlp.tune recipe=NAME search_space=model.hidden_size=32..512 [data=NAME] [key=value ...]
  python -m grunlp.tune study=DIR                    continue an interrupted search

keys:
{format_options(TuneOptions)}

Any other key is one of the trainings (python -m grunlp.train --help). The choice is the smallest network within one
standard error of the best (Breiman et al. 1984, §3.4.3). DIR gets summary.md, summary.json, validation-curve.png,
learning-curve.png, all runs, and study.db for the dashboard of Optuna. An interrupted search continues, and no training
is repeated. It needs optuna: pip install 'grunlp[tune]'

examples:
  python -m grunlp.tune recipe=tag search_space=model.hidden_size=32..512
  python -m grunlp.tune recipe=lm search_space=model.dropout=0.1,0.3,0.5 folds=3 trainer.max_epochs=5 study=dropout
  python -m grunlp.tune recipe=srl 'search_space=model.hidden_size=64..256;model.dropout=0.2,0.4' trials=20"""


def list_options(arguments: Sequence[str]) -> dict[str, dict[str, Option]]:
    """List the options."""
    return {"tune": options_of(TuneOptions)}


@command(lambda arguments: _HELP)
def main(arguments: list[str]) -> int:
    """Run the study."""
    from grunlp.tuning.cross_validation import run_study

    return run_study(arguments)


if __name__ == "__main__":
    sys.exit(main())
