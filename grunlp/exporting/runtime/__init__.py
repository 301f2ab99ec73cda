"""Modules of the script that runs an exported model without grunlp, and without Torch for ONNX graphs.

`grunlp.exporting.script_bundler` copies the modules that a model needs into one file. So they import only numpy, a
runtime, the standard library and each other by `from grunlp... import name`, and no two of them define the same name.
"""
