#!/usr/bin/env bash
# Set up .venv, train a semantic role labeller on the bundled toy corpus, evaluate it and label a sentence: at most 6
# minutes on two cores plus download time. It can be run repeatedly: an up-to-date environment is kept, and every run
# writes to a new folder.
#   bash scripts/quickstart.sh ["Your sentence."]
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

sentence="${1:-The teacher gave the children a book in the garden yesterday.}"
run="runs/srl/quickstart-$(date +%Y-%m-%d_%H-%M-%S)"
.venv/bin/python -m grunlp.train recipe=srl data=toy-srl run_dir="$run"
echo
.venv/bin/python -m grunlp.predict run="$run" output_format=text "$sentence"
echo
echo "to train on your own data:  .venv/bin/python -m grunlp.train recipe=srl data.train=FILE data.dev=FILE data.test=FILE"
