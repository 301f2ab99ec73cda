"""Modules of the script that runs an exported model without grunlp, and without Torch for ONNX graphs.

`grunlp.exporting.script_bundler` copies the modules that a model needs into one file. Therefore they import only numpy,
a runtime, the standard library and, by `from grunlp... import name`, each other; no two of them define the same name.
"""
