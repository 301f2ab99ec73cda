"""Build the bundled model, grunlp/pretrained/default.

    python scripts/build_default_model.py                 pretrain, train, then pack
    python scripts/build_default_model.py run=DIR         pack an existing run trained as described below; run=default
                                                          evaluates and times the bundled model again
    python scripts/build_default_model.py out=DIR         write to another folder than the package's

It takes about two hours on one core; everything but the two trainings takes four minutes. Steps:

1. Pretrain a masked language model on raw text: text=PATTERN, or the corpora movie_reviews, state_union, inaugural and
   masc in $GRUNLP_DATA/rawtext (not brown, whose license is not free).
2. Train the labeller from it on the English Web Treebank and the example sentences of the PropBank frame files (both
   CC BY-SA 4.0; read from $GRUNLP_DATA or downloaded).
3. Convert the weights to half precision, evaluate them on the development and test sets, time them on one thread, and
   write the model card.

The result contains weights and vocabulary, but no sentence of these corpora.
"""

import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from grunlp.configuration.options import option, parse_options
from grunlp.configuration.output_paths import require_new_dir
from grunlp.configuration.saved_config import save_config
from grunlp.data.datasets.public import locate_dataset
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.raw_text import split_raw_line
from grunlp.runs.layout import CONFIG, METRICS, MODEL_CARD, VOCABULARY, WEIGHTS, save_weights, write_metrics
from grunlp.tasks.srl import SPEC
from grunlp.tasks.srl.checkpoint import TrainedSRL, load_trained_srl
from grunlp.tasks.srl.inference import evaluate_srl, label
from grunlp.training.checkpoint_io import BUNDLED_MODEL
from grunlp.utils.cli import command

PRETRAINING = [
    "recipe=pretrain",
    "data=files",
    "data.exclude_sentences_of=propbank-ewt",
    "trainer.max_epochs=3",
    "seed=1",
]
TRAINING = [
    "recipe=srl",
    "data=propbank-ewt",
    "data.extra_train=propbank-frames",
    "vocabulary.use_propbank_frame_files=true",
    "trainer.max_epochs=12",
    "trainer.average_last_epochs=4",
    "seed=1",
]
PRETRAINED_ON = (
    "Its words and its sentence encoder were pretrained on free text: film reviews (movie_reviews; Pang and Lee 2004; "
    "CC BY 4.0), state-of-the-union and inaugural addresses (public domain) and MASC (American National Corpus; free "
    "for any use), without the sentences of the development and test sets."
)


@dataclass
class Options:
    """Options of this script."""

    run: str | None = option(None, "run to pack; null: train one", content="run")
    out: str = option(str(BUNDLED_MODEL), "folder to write", content="path")
    text: str | None = option(
        None, "pattern of raw text files for the pretraining; null: corpora of $GRUNLP_DATA", content="text"
    )


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Train, pack, evaluate and time the model, and write its model card."""
    options = parse_options(arguments, Options)
    out = Path(options.out)
    if out != BUNDLED_MODEL:
        require_new_dir("out", out)
    with tempfile.TemporaryDirectory() as folder:
        trained = options.run or _train(folder, options.text)
        packed = Path(folder) / "packed"
        run = load_trained_srl(trained)
        pretraining_note = PRETRAINED_ON if options.text is None else "It was pretrained on the builder's own raw text."
        card = (run.path / MODEL_CARD).read_text(encoding="utf-8") if (run.path / MODEL_CARD).is_file() else ""
        pretrained = run.config.model.init_from is not None or pretraining_note in card
        _pack_model(run, packed)
        run = load_trained_srl(packed)
        corpus = open_srl_corpus({**run.config.data, "extra_train": None})
        for split in ("dev", "test"):
            scores = evaluate_srl(run.model, run.collate, getattr(corpus, split), batch_tokens=3000)
            write_metrics(packed, split, scores.as_dict())
            print(f"\n{split}\n{scores.report()}")
        write_metrics(packed, "speed", _measure_speed(run, corpus.dev))
        SPEC.write_card(packed, [pretraining_note] if pretrained else [])
        print(f"\n{(packed / MODEL_CARD).read_text(encoding='utf-8')}")
        out.mkdir(parents=True, exist_ok=True)
        for name in (WEIGHTS, CONFIG, VOCABULARY, METRICS, MODEL_CARD):
            shutil.copy(packed / name, out / name)
    size = sum(path.stat().st_size for path in out.iterdir() if path.is_file()) / 2**20
    print(f"{out}: {size:.1f} MiB")
    return 0


def _train(folder: str, text: str | None) -> str:
    """Pretrain and train in `folder`; return the folder of the trained run."""
    if text is None:
        contents = "movie_reviews, state_union, inaugural and masc, each .txt.gz, one sentence or paragraph per line"
        text = f"{locate_dataset('text', 'rawtext', contents, 'www.nltk.org/nltk_data', 'text=PATTERN')}/[!b]*.txt.gz"
    pretrained, trained = f"{folder}/pretrained", f"{folder}/run"
    for arguments in (
        [*PRETRAINING, f"data.train={text}", f"run_dir={pretrained}"],
        [*TRAINING, f"model.init_from={pretrained}", f"run_dir={trained}"],
    ):
        subprocess.run([sys.executable, "-m", "grunlp.train", *arguments], check=True)
    return trained


def _pack_model(run: TrainedSRL, packed: Path) -> None:
    """Copy a run in half precision, without the files that only training needs."""
    packed.mkdir()
    config = run.config.copy()
    config.run_dir = config.model.init_from = None
    save_config(packed / CONFIG, config)
    run.collate.vocabulary.save(packed / VOCABULARY)
    save_weights(packed, run.model.half())
    training = json.loads((run.path / METRICS).read_text(encoding="utf-8"))["training"]
    write_metrics(packed, "training", training)


def _measure_speed(run: TrainedSRL, examples: Any) -> dict[str, float]:
    """Measure words per second from raw text to frames on one thread: median and extremes of five repeats."""
    torch.set_num_threads(1)
    lines = [" ".join(example["words"]) for example in examples]
    speeds = []
    with torch.inference_mode():
        for repeat in range(6):
            started = time.perf_counter()
            sentences = itertools.chain.from_iterable(split_raw_line(line, 1) for line in lines)
            labelled = label(run.model, run.collate, sentences, batch_tokens=3000, detect_predicates=True)
            words = sum(len(sentence.example["words"]) for sentence in labelled)
            if repeat:  # the first pass is a warm-up
                speeds.append(words / (time.perf_counter() - started))
    speed = {"words_per_second": statistics.median(speeds), "lowest": min(speeds), "highest": max(speeds)}
    print("\nraw text, one thread:", ", ".join(f"{name} {value:.0f}" for name, value in speed.items()))
    return speed


if __name__ == "__main__":
    sys.exit(main())
