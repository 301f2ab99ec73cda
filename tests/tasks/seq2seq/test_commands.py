"""Writing texts as a user meets it: a training on two files, then everything one can do with its run folder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grunlp import compare, evaluate, predict
from grunlp.data.toy.reversal import reversal_pairs
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import UserError
from tests.conftest import Call
from tests.tuning.run_checks import check_run_for_studies

SMALL = [
    "model.embedding_size=32", "model.decoder_hidden_size=48", "model.attention_size=32", "model.num_layers=1",
    "model.hidden_size=48", "model.dropout=0.1", "model.input_dropout=0.1", "model.word_dropout=0.0",
    "trainer.ema_decay=0.9", "optimizer.learning_rate=0.01",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """Short strings of digits and their reversals, in two files a split, and a run trained on them."""
    root = tmp_path_factory.mktemp("writing")
    arguments = []
    for split in ("train", "dev", "test"):
        pairs = [pair for pair in reversal_pairs(split) if len(pair["source"]) < 12][: 2000 if split == "train" else 40]
        for side, key in (("source", split), ("target", f"{split}_target")):
            (root / key).write_text("".join(pair[side] + "\n" for pair in pairs))  # type: ignore[literal-required]
            arguments.append(f"data.{key}={root / key}")
    command = ["recipe=translate", *arguments, *SMALL, "trainer.max_epochs=8", f"run_dir={root}/run"]
    done = subprocess.run([sys.executable, "-m", "grunlp.train", *command], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "files: 2000 training pairs; 0 removed because they occur in dev or test" in done.stderr
    return root


def test_it_learns_and_is_complete(folder: Path) -> None:
    metrics = json.loads((folder / "run/metrics.json").read_text())
    assert metrics["test"]["bleu"]["score"] > 60 and metrics["test"]["exact"]["score"] > 30
    assert len((folder / "run/predictions-test.txt").read_text().splitlines()) == 40
    assert {path.name for path in (folder / "run").iterdir()} == {
        "card.md", "config.yaml", "data_manifest.json", "logs", "metrics.json", "predictions-dev.txt",
        "predictions-test.txt", "run_files.json",
        "tokenizer.json", "weights.safetensors",
    }  # fmt: skip


def test_studies_score_and_build_it(folder: Path) -> None:
    check_run_for_studies(folder / "run", "test")


def test_evaluate_finds_the_score_of_the_training(folder: Path, call: Call) -> None:
    before = json.loads((folder / "run/metrics.json").read_text())["test"]
    status, out, err = call(evaluate.main, f"run={folder}/run")
    assert status == 0, err
    assert out.startswith("bleu ") and "13a" in out
    assert json.loads((folder / "run/metrics.json").read_text())["test"] == before
    files = [f"input={folder}/test", f"input_target={folder}/test_target", f"metrics={folder}/scores.json"]
    status, _, err = call(evaluate.main, f"run={folder}/run", *files)
    assert status == 0, err
    assert json.loads((folder / "scores.json").read_text()) == before


def test_another_search_is_not_kept_in_the_run(folder: Path, call: Call) -> None:
    files = [folder / "run/metrics.json", folder / "run/predictions-test.txt"]
    before = [file.read_text() for file in files]
    status, out, err = call(evaluate.main, f"run={folder}/run", "beam=1", "max_length=2")
    assert status == 0 and out and "not stored in the run folder" in err
    assert [file.read_text() for file in files] == before


def test_a_bad_line_is_left_out(folder: Path, call: Call) -> None:
    (folder / "bad.txt").write_bytes(b"1 2\n\xe4\n3 4\n")
    status, out, err = call(predict.main, f"run={folder}/run", f"input={folder}/bad.txt")
    assert status == 1 and len(out.splitlines()) == 2 and "bad.txt:2: byte 0xe4" in err


def test_numbers_are_of_their_kind(folder: Path, call: Call) -> None:
    other = folder / "whole"
    shutil.copytree(folder / "run", other)
    config = (other / "config.yaml").read_text()
    (other / "config.yaml").write_text(config.replace("alpha: 1.0", "alpha: 1"))
    assert call(predict.main, f"run={other}", "length_penalty=0.6", "1 2")[0] == 0


def test_a_page_of_examples(folder: Path, call: Call) -> None:
    status, _, err = call(evaluate.main, f"run={folder}/run", f"report={folder}/page.html")
    assert status == 0, err
    page = (folder / "page.html").read_text()
    root = ElementTree.fromstring(page[page.index("<body>") : page.index("</html>")])  # well-formed: all is escaped
    svg = "{http://www.w3.org/2000/svg}"
    figures = list(root.iter("figure"))
    assert 20 <= len(figures) <= 31
    outputs = (folder / "run/predictions-test.txt").read_text().splitlines()
    for figure in figures:
        (output,) = (text for text in figure[0].itertext() if text.startswith("output: "))
        assert output.removeprefix("output: ") in outputs
        pieces = {kind: [] for kind in ("read", "written")}  # type: dict[str, list[str]]
        for label in figure.iter(f"{svg}text"):
            pieces[label.get("class", "")].append("".join(label.itertext()))
        assert pieces["read"][-1] == "</s>" == pieces["written"][-1] and "</s>" not in pieces["read"][:-1]
        assert len(list(figure.iter(f"{svg}rect"))) == len(pieces["read"]) * len(pieces["written"])
    assert "<script" not in page and "src=" not in page and "href=" not in page


def test_two_runs_are_compared(folder: Path, call: Call) -> None:
    worse = folder / "worse"
    shutil.copytree(folder / "run", worse)
    config = (worse / "config.yaml").read_text()
    (worse / "config.yaml").write_text(config.replace("max_length: 500", "max_length: 2"))
    status, out, err = call(compare.main, f"{worse}", f"{folder}/run", f"metrics={folder}/compared.json")
    assert status == 0, err
    rows = json.loads((folder / "compared.json").read_text())
    assert list(rows) == ["bleu", "chrf", "exact"] and "bleu" in out
    chrf = rows["chrf"]
    assert chrf["interval"][0] > 0 and chrf["p_bootstrap"] < 0.01 and chrf["p_randomisation"] < 0.01
    scores = json.loads((folder / "run/metrics.json").read_text())["test"]
    assert chrf["second"] == pytest.approx(scores["chrf"]["score"])
    status, _, err = call(compare.main, f"{folder}/run", "default")
    assert status == 2 and "models of seq2seq and srl" in err
    status, _, err = call(compare.main, f"{folder}/run", f"{folder}/run", f"gold={folder}/test")
    assert status == 2 and "gold=" in err


def test_predict(folder: Path, call: Call) -> None:
    (folder / "in.txt").write_text("1 2 3\n\n  4 5\n")
    status, out, _ = call(predict.main, f"run={folder}/run", f"input={folder}/in.txt")
    lines = out.split("\n")
    assert status == 0 and len(lines) == 4 and lines[1] == "" and lines[0] and lines[2]
    status, out, _ = call(predict.main, f"run={folder}/run", "nbest=3", f"input={folder}/in.txt")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["texts"][0]["text"] for row in rows] == lines[:3]
    scores = [text["score"] for text in rows[0]["texts"]]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    status, out, _ = call(predict.main, f"run={folder}/run", "1 2 3", f"output={folder}/out.txt")
    assert (status, out) == (0, "") and (folder / "out.txt").read_text() == lines[0] + "\n"
    assert call(predict.main, f"run={folder}/run,{folder}/run", "1 2 3")[1] == lines[0] + "\n"


def test_what_texts_must_and_may_not_hold(folder: Path, call: Call) -> None:
    (folder / "some.txt").write_text("1 2 3\n4 5\n")
    run = [f"run={folder}/run", f"input={folder}/some.txt"]
    for search in ([], ["beam=1"], ["sample=true"]):
        status, out, err = call(predict.main, *run, *search, "prefix=9 9", "required=8 7|6", "forbidden=3|5")
        assert status == 0, err
        for line in out.splitlines():
            assert line.startswith("9 9") and "8 7" in line and "6" in line
            assert not {"3", "5"} & set(line.split())  # words: a piece without a blank may make 13 of it


def test_samples(folder: Path, call: Call) -> None:
    (folder / "many.txt").write_text("1 2 3 4 5 6 7 8\n" * 20)
    run = [f"run={folder}/run", f"input={folder}/many.txt", "sample=true"]
    _, out, _ = call(predict.main, *run, "temperature=3.0")
    assert len(set(out.splitlines())) > 5
    assert call(predict.main, *run, "temperature=3.0", "batch_tokens=40")[1] == out
    assert call(predict.main, *run, "temperature=3.0", "seed=2")[1] != out
    _, greedy, _ = call(predict.main, *run[:2], "beam=1")
    assert call(predict.main, *run, "top_k=1")[1] == greedy


def test_what_cannot_be(folder: Path, call: Call) -> None:
    run = f"run={folder}/run"
    for main, arguments, message in (
        (predict.main, ["nbest=9", "1"], "nbest=9\na beam of 5"),
        (predict.main, ["beem=2", "1"], "Did you mean beam?"),
        (predict.main, ["length_penalty=much", "1"], "length_penalty=much: wrong type"),
        (predict.main, ["format=raw", "1"], "unknown key format"),
        (predict.main, [f"input={folder}/none"], "does not exist"),
        (predict.main, [f"output={folder}/train", "1"], "nothing is overwritten"),
        (evaluate.main, ["split=tets"], "Did you mean split=test?"),
        (evaluate.main, ["reports=x.html"], "Did you mean report?"),
        (evaluate.main, [f"input={folder}/test"], "too few columns"),
        (evaluate.main, [f"input={folder}/test", "split=dev"], "only one of the two can be evaluated"),
        (evaluate.main, [f"input_target={folder}/test"], "input_target= without input="),
        (predict.main, ["output_format=text", "nbest=2", "1"], "each line has only one text"),
        (predict.main, ["source=1", "1"], "only one of the two can be the source"),
        (predict.main, ["seed=3", "1"], "seed= without sample=true"),
        (predict.main, ["sample=true", "nbest=2", "1"], "one text is sampled for each source"),
        (predict.main, ["required=x", "1"], "required=x: not in the vocabulary"),
        (predict.main, ["forbidden=1|", "1"], "the phrase is empty"),
    ):
        status, _, err = call(main, run, *arguments)
        assert status == 2 and message in err, err


def test_runs_of_other_words_do_not_write_together(folder: Path, call: Call) -> None:
    other = folder / "other"
    shutil.copytree(folder / "run", other)
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    (other / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1))
    status, _, err = call(predict.main, f"run={folder}/run,{other}", "1")
    assert status == 2 and "tokenizer.json differs" in err
    (other / "tokenizer.json").write_text("{}")
    status, _, err = call(predict.main, f"run={other}", "1")
    assert status == 2 and "not a tokenizer" in err
    (other / "tokenizer.json").unlink()
    status, _, err = call(predict.main, f"run={other}", "1")
    assert status == 2 and "tokenizer.json missing" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recipe=translate", "data=toy-srl"], "this recipe reads data=files"),
        (["recipe=srl", "data=toy-reversal"], "data=toy-reversal is for recipe=translate, summarize"),
        (["recipe=translate", "model.attention_size=9"], "the number of heads must divide"),
        (
            ["recipe=translate", "model.copy_attention=true", "tokenizer.shared=false"],
            "both sides need the same vocabulary",
        ),
        (["recipe=translate", "trainer.monitor=dev/f1"], "there are: dev/bleu, dev/rouge, dev/loss"),
        (["recipe=translate", "trainer.monitor=dev/rouge"], "Type trainer.monitor=dev/bleu"),
        (["recipe=summarize", "search.nbest=6"], "a beam of 5"),
        (["recipe=srl", "trainer.monitor=dev/bleu"], "there are: dev/f1, dev/loss"),
        (["recipe=translate", "model.word_dropout=1.5"], "must be from 0\\.0 to 0\\.999"),
    ],
)
def test_training_mistakes(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose_config(arguments)


def test_own_files_are_pairs() -> None:
    config = compose_config(["recipe=translate", "data.train=a.de", "data.train_target=a.en"])
    assert config.data.name == "files" and config.data.train_target == str(Path("a.en").resolve())
    assert compose_config(["recipe=translate"]).data.name == "toy-reversal"
    assert compose_config(["recipe=srl"]).data.name == "toy-srl"
