"""What fine-tuning on a little text of another kind brings: about 45 minutes on one core, 5 of them with base=.

    python scripts/bench_finetune.py [genre=email] [sentences=200] [seed=1] [base=DIR] [out=runs/bench-finetune]

The English Web Treebank has five genres. A labeller is trained on four of them (`recipe=srl`, or base=DIR from an
earlier call), then fine-tuned (`recipe=finetune`) on some sentences of the fifth, drawn by chance from half of its
training documents; its development documents choose the epoch. The two are compared on the test documents of the four,
and on those of the fifth together with the other half of its training documents, which neither has seen: a difference
of a few tenths drowns in the test documents alone.
"""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from grunlp.configuration.key_value_args import parse_arguments, require_empty_dir
from grunlp.data.deduplication import normalized_text
from grunlp.data.examples import SRLExample
from grunlp.data.propbank import find_ewt
from grunlp.data.readers import read
from grunlp.data.writers import write_columns
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

DEFAULTS: dict[str, Any] = {
    "genre": "email",
    "sentences": 200,
    "seed": 1,
    "base": None,
    "out": "runs/bench-finetune",
}
GENRES = ("answers", "email", "newsgroup", "reviews", "weblog")


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Part the corpus, train, fine-tune, compare."""
    given = parse_arguments(arguments, DEFAULTS)
    if given["genre"] not in GENRES:
        raise UserError(f"genre={given['genre']}: no such genre", f"there are: {', '.join(GENRES)}", "Name one.")
    out = Path(given["out"])
    require_empty_dir("out", out)
    out.mkdir(parents=True)
    files = _split_corpus(out, given["genre"], given["sentences"], given["seed"])
    base, tuned, seed = given["base"] or f"{out}/base", f"{out}/tuned", f"seed={given['seed']}"
    if not given["base"]:
        splits = [f"data.{split}={files[f'old-{split}']}" for split in ("train", "dev", "test")]
        _run("train", "recipe=srl", seed, f"run_dir={base}", *splits)
    new = [f"data.train={files['few']}", f"data.dev={files['new-dev']}"]
    _run("train", "recipe=finetune", seed, f"init={base}", f"run_dir={tuned}", *new)
    for which in ("new", "old"):
        print(f"\n{'the held-out genre' if which == 'new' else 'the others'}, test documents", flush=True)
        _run("compare", base, tuned, f"input={files[f'{which}-test']}")
    return 0


def _split_corpus(out: Path, genre: str, sentences: int, seed: int) -> dict[str, Path]:
    """The files old-train, old-dev, old-test, new-dev, new-test and few. None trained on occurs in dev or test."""
    corpus = {split: list(read(find_ewt() / f"{split}.conll.gz")) for split in ("train", "dev", "test")}
    held_out = {normalized_text(example["words"]) for split in ("dev", "test") for example in corpus[split]}
    sets: dict[str, list[SRLExample]] = {}
    for split, examples in corpus.items():
        parts: dict[str, list[SRLExample]] = {"old": [], "new": []}
        for example in examples:
            if split != "train" or normalized_text(example["words"]) not in held_out:
                parts["new" if example["document"].startswith(f"{genre}/") else "old"].append(example)
        for name, part in parts.items():
            sets[f"{name}-{split}"] = part
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
    """So many sentences with frames, from half of the documents, and all sentences of the other half."""
    chance = random.Random(seed)
    documents = sorted({example["document"] for example in examples})
    half = set(chance.sample(documents, len(documents) // 2))
    choice = [example for example in examples if example["document"] in half and example["frames"]]
    if len(choice) < sentences:
        there = f"{len(choice)} sentences in half of the genre's training documents have frames"
        raise UserError(f"sentences={sentences}: too many", there, "Type a lower number.")
    drawn = chance.sample(choice, sentences)
    texts = {normalized_text(example["words"]) for example in drawn}
    others = [e for e in examples if e["document"] not in half and normalized_text(e["words"]) not in texts]
    return drawn, others


def _run(program: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", f"grunlp.{program}", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
