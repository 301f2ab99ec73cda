"""Run folders as functions."""

import doctest
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import grunlp
from grunlp import tasks
from grunlp.data.collate import TagCollator
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config
from grunlp.tasks.tagging.checkpoint import build_tagger
from grunlp.training.checkpoint_io import load_pretrained_encoder, save_config_and_vocab
from tests.random_srl_corpus import toy_corpus
from tests.tiny_encoder import save_tiny_encoder


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


_THREADS_AND_FORK = """
import json, multiprocessing, sys, threading
import grunlp

runs = json.loads(sys.argv[1])  # for each run folder an input
barrier, failures, answers = threading.Barrier(8), [], {}

def work(number):
    barrier.wait()
    names = list(runs)
    for name in (names[number % len(names):] + names)[:2] + names[-1:]:  # all the last one, which has an encoder
        try:
            answers[name, number] = grunlp.load(name).predict_text(runs[name]) if isinstance(runs[name], str) else (
                grunlp.load(name)(runs[name]))
        except BaseException as error:
            failures.append(f"{name}: {error!r}")

def predict(name):
    return predictors[name].predict_text(runs[name]) if isinstance(runs[name], str) else predictors[name](runs[name])

def in_child(name):
    return predict(name), grunlp.load(name).task

threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failures, failures
predictors = {name: grunlp.load(name) for name in runs}
for name in runs:
    assert all(answer == predict(name) for (other, _), answer in answers.items() if other == name), name
with multiprocessing.get_context("fork").Pool(2) as pool:
    for name, (answer, task) in zip(runs, pool.map_async(in_child, list(runs)).get(60)):
        assert answer == predict(name) and task == predictors[name].task, name
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_predictors_are_loaded_and_used_in_eight_threads_and_after_a_fork(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    """In a process of its own, where nothing is imported yet."""
    pytest.importorskip("transformers", reason="needs transformers")
    inputs: dict[str, object] = {str(path): "She saw a dog. He left." for path in runs.values()}
    rows = [f"2024-03-{1 + hour // 24:02} {hour % 24:02}:00:00,{hour}" for hour in range(60)]
    inputs[str(runs["measured"])] = [[0.5, 1.0], [2.0, -3.0]]
    inputs[str(runs["forecaster"])] = "\n".join(["time,value", *rows])
    inputs |= {"default": "She saw a dog. He left.", str(_tagger_with_encoder(tmp_path)): "see a dog."}
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", _THREADS_AND_FORK, json.dumps(inputs)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]


def _tagger_with_encoder(folder: Path) -> Path:
    """Save an untrained tagger whose words come from a pretrained encoder."""
    encoder, aligner = load_pretrained_encoder(save_tiny_encoder(folder / "encoder"))
    words = [example["words"] for example in toy_corpus(10, 5)]
    rows = [{"id": "", "document": "", "words": row, "tags": ["O"] * (len(row) - 1) + ["B-A"]} for row in words]
    vocabulary = Vocabulary.build_for_tagging(rows, 1, [])
    files = ["data=files", "data.train=x", "data.dev=x"]
    config = compose_config(["recipe=tag", *files, "model.hidden_size=16", f"model.encoder={folder / 'encoder'}"])
    run = folder / "run"
    run.mkdir()
    save_config_and_vocab(run, config, TagCollator(vocabulary, aligner), encoder)
    save_weights(run, build_tagger(config, vocabulary, encoder))
    return run
