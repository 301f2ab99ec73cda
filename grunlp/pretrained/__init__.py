"""The bundled model, a run folder: see `card.md`. It is made by `scripts/build_default_model.py`."""
