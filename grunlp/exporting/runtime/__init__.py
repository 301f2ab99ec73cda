"""What exported networks are run with: parts of one script that needs neither grunlp nor Torch.

`grunlp.exporting.script_bundler` puts those that a kind needs after one another, without their imports of each other.
So they
import numpy, a runtime and the standard library alone, and no two of them give the same name to different things.
"""
