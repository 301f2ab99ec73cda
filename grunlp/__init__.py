"""grunlp: sequence labelling and text generation with gated recurrent networks."""

__version__ = "0.1.0"
