"""Run folders as functions."""

import doctest
import subprocess
import sys

import grunlp
from grunlp import tasks


def test_the_labeller_in_the_box() -> None:
    labeller = grunlp.load("default")
    (record,) = labeller("She gave him a book.")
    assert labeller.task == "srl" and record["frames"][0]["roleset"] == "give.01"


def test_importing_grunlp_is_light_and_quiet() -> None:
    code = "import sys, grunlp; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_examples_of_the_documentation() -> None:
    found = doctest.testmod(tasks)
    assert found.attempted > 10 and not found.failed
