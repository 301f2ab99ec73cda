"""Measure the gain from fine-tuning on a small amount of text of a new genre.

    python scripts/bench_finetune.py [genre=email] [sentences=200] [seed=1] [base=DIR] [out=runs/bench-finetune]

It takes about 45 minutes on one core, or 5 with the base= of an earlier call. The English Web Treebank has five genres.
A labeller is trained on four of them (`recipe=srl`) and fine-tuned (`recipe=finetune`) on random sentences from half of
the training documents of the fifth, whose development documents select the epoch. Both models are compared on the test
documents of the four genres, and on the held-out genre: its test documents plus the other half of its training
documents, which neither model has seen, because the test documents alone are too few to resolve a few tenths of a
point.
"""

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grunlp.configuration.options import option, parse_options
from grunlp.configuration.output_paths import require_new_dir
from grunlp.data.deduplication import normalized_text
from grunlp.data.examples import SRLExample
from grunlp.data.propbank import find_ewt
from grunlp.data.readers import read
from grunlp.data.writers import write_columns
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError


@dataclass
class Options:
    """Options of this script."""

    genre: Literal["answers", "email", "newsgroup", "reviews", "weblog"] = option("email", "genre that is held out")
    sentences: int = option(200, "sentences of the genre to fine-tune on", minimum=1, maximum=10**9)
    seed: int = option(1, "random seed", minimum=0, maximum=2**32 - 1)
    base: str | None = option(None, "run trained on the other genres; null: train one", content="run")
    out: str = option("runs/bench-finetune", "new folder", content="path")


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Split the corpus, train, fine-tune and compare."""
    options = parse_options(arguments, Options)
    out = Path(options.out)
    require_new_dir("out", out)
    out.mkdir(parents=True)
    files = _split_corpus(out, options.genre, options.sentences, options.seed)
    base, tuned, seed = options.base or f"{out}/base", f"{out}/tuned", f"seed={options.seed}"
    if not options.base:
        splits = [f"data.{split}={files[f'old-{split}']}" for split in ("train", "dev", "test")]
        _run("train", "recipe=srl", seed, f"run_dir={base}", *splits)
    new = [f"data.train={files['few']}", f"data.dev={files['new-dev']}"]
    _run("train", "recipe=finetune", seed, f"init_from={base}", f"run_dir={tuned}", *new)
    for name, title in (("new-test", "the held-out genre"), ("old-test", "the other genres")):
        print(f"\n{title}, test documents", flush=True)
        _run("compare", base, tuned, f"input={files[name]}")
    return 0


def _split_corpus(out: Path, genre: str, sentences: int, seed: int) -> dict[str, Path]:
    """Write the files old-train, old-dev, old-test, new-dev, new-test and few, and return their paths by name.

    Training sentences whose text also occurs in dev or test are dropped.
    """
    corpus = {split: list(read(find_ewt() / f"{split}.conll.gz")) for split in ("train", "dev", "test")}
    held_out = {normalized_text(example["words"]) for split in ("dev", "test") for example in corpus[split]}
    sets: dict[str, list[SRLExample]] = {}
    for split, examples in corpus.items():
        by_age: dict[str, list[SRLExample]] = {"old": [], "new": []}
        for example in examples:
            if split != "train" or normalized_text(example["words"]) not in held_out:
                by_age["new" if example["document"].startswith(f"{genre}/") else "old"].append(example)
        for age, subset in by_age.items():
            sets[f"{age}-{split}"] = subset
    sets["few"], others = _sample_sentences(sets.pop("new-train"), sentences, seed)
    sets["new-test"] += others
    files = {name: out / f"{name}.conll" for name in sets}
    for name, path in files.items():
        with path.open("w", encoding="utf-8") as file:
            write_columns(sets[name], file)
    return files


def _sample_sentences(
    examples: list[SRLExample], sentences: int, seed: int
) -> tuple[list[SRLExample], list[SRLExample]]:
    """Draw training sentences from one half of the documents and keep the other half for testing.

    Returns:
        `sentences` random sentences that have frames; all sentences of the other half that are not among them.
    """
    generator = random.Random(seed)
    documents = sorted({example["document"] for example in examples})
    half = set(generator.sample(documents, len(documents) // 2))
    candidates = [example for example in examples if example["document"] in half and example["frames"]]
    if len(candidates) < sentences:
        details = f"{len(candidates)} sentences in half of the genre's training documents have frames"
        raise UserError(f"sentences={sentences}: too many", details, "Type a lower number.")
    drawn = generator.sample(candidates, sentences)
    texts = {normalized_text(example["words"]) for example in drawn}
    others = [e for e in examples if e["document"] not in half and normalized_text(e["words"]) not in texts]
    return drawn, others


def _run(program: str, *arguments: str) -> None:
    """Run a grunlp command in a subprocess."""
    subprocess.run([sys.executable, "-m", f"grunlp.{program}", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
