"""The model in the box, a run folder: see `card.md`. Made by `scripts/build_default_model.py`."""
