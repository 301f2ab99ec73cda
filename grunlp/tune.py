"""`python -m grunlp.tune recipe=NAME over=model.hidden_size=32..512`: choose the value of a key by cross-validation."""

import sys
from collections.abc import Sequence

from grunlp.configuration.options import Option, options_of
from grunlp.tuning.options import TuneOptions
from grunlp.utils.cli import command

HELP = """Choose the value of a key by cross-validation, the smallest network that is as good as the best.

  python -m grunlp.tune recipe=NAME over=model.hidden_size=32..512 [data=NAME] [key=value ...]
  python -m grunlp.tune study=DIR                    go on with a search that was stopped

keys:
  over=KEY=VALUES       32..512 of whole numbers is 32,64,128,256,512; 0.001..0.1 of others five values at equal
                        ratios; or a list, 32,96,256. Several keys: with ; between them in quotes, or over= again;
                        all combinations are tried
  folds=5               train and dev are put together and parted into so many; documents stay whole. Each fold is once
                        for test, while the next one chooses the epoch and the others are for training
  trials=0              so many values sampled from the ranges instead of the grid (TPE); those that are worse than half
                        of the others after a fold get no more folds
  learning_curve=true   train the chosen value on 1/8, 1/4 and 1/2 of the training data, too
  nested=false          repeat the choice within each of the outer folds: an honest score of the whole procedure, for
                        folds times as many trainings
  refit=true            train the chosen value on the data set's own train split into DIR/model, and score its test
                        split, this once
  jobs=0                trainings at a time, each on one thread; 0: one a usable core
  study=DIR             default: runs/tune/<date-time>

Any other key is one of the trainings (python -m grunlp.train --help). Chosen is the smallest network within one
standard error of the best (Breiman et al. 1984, §3.4.3). DIR has summary.md, summary.json, validation-curve.png,
learning-curve.png, all runs, and study.db for Optuna's dashboard. A search that is killed goes on where it was; nothing
is trained twice. It needs optuna: pip install 'grunlp[tune]'

examples:
  python -m grunlp.tune recipe=tag over=model.hidden_size=32..512
  python -m grunlp.tune recipe=lm over=model.dropout=0.1,0.3,0.5 folds=3 trainer.max_epochs=5 study=dropout
  python -m grunlp.tune recipe=srl 'over=model.hidden_size=64..256;model.dropout=0.2,0.4' trials=20"""


def list_options(arguments: Sequence[str]) -> dict[str, dict[str, Option]]:
    """List the options."""
    return {"search": options_of(TuneOptions)}


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Call."""
    from grunlp.tuning.cross_validation import run_study

    return run_study(arguments)


if __name__ == "__main__":
    sys.exit(main())
