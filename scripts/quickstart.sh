#!/usr/bin/env bash
# From a machine with Python to a scored role labeller: sets up .venv, trains on the bundled demonstration corpus, labels
# a sentence. At most 6 minutes on two cores beyond downloads. Run it again at any time: a good environment is left
# alone, and every run gets a folder of its own.
#   bash scripts/quickstart.sh ["A sentence of yours."]
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

sentence="${1:-The teacher gave the children a book in the garden yesterday.}"
run="runs/srl/quickstart-$(date +%Y-%m-%d_%H-%M-%S)"
.venv/bin/python -m grunlp.train recipe=srl data=demo run_dir="$run"
echo
.venv/bin/python -m grunlp.predict run="$run" style=text "$sentence"
echo
echo "your own data next:  .venv/bin/python -m grunlp.train recipe=srl data.train=FILE data.dev=FILE data.test=FILE"
