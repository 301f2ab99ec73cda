"""The three commands as a user meets them: one tiny training, then everything one can do with its run folder."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grunlp import compare, evaluate, predict, train
from grunlp.data.tags import invalid_transitions
from grunlp.data.writers import write_columns, write_json_lines
from tests.conftest import Call
from tests.toys import toy_corpus
from tests.tuning.kinds import check_kind

TEST = toy_corpus(12, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, slow: None) -> Path:
    """train.conll, dev.jsonl, test.conll and a run trained on them."""
    root = tmp_path_factory.mktemp("commands")
    for name, examples in (("train", toy_corpus(300, 1)), ("test", TEST)):
        with (root / f"{name}.conll").open("w") as file:
            write_columns(examples, file)
    with (root / "dev.jsonl").open("w") as file:
        write_json_lines(toy_corpus(30, 2), file)
    arguments = [
        *(
            "recipe=srl",
            "debug=tiny",
            "trainer.patience=6",
            f"data.train={root}/train.conll",
            f"data.dev={root}/dev.jsonl",
        ),
        *(f"data.test={root}/test.conll", f"run_dir={root}/run", "trainer.max_epochs=6", "loader.batch_tokens=200"),
        *("optimizer.learning_rate=0.02", "trainer.ema_decay=0.9", "trainer.limit_train_batches=0"),
    ]
    command = [sys.executable, "-m", "grunlp.train", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    (root / "train.out").write_text(done.stdout)
    (root / "train.err").write_text(done.stderr)
    return root


def test_training_says_what_it_does(folder: Path) -> None:
    out, err = (folder / "train.out").read_text(), (folder / "train.err").read_text()
    assert "format columns" in err and "format json-lines" in err
    assert "more left out because they occur in dev or test" in err
    assert out.count("epoch ") == 6 and "dev/f1" in out and "predicates_per_second" in out
    assert "95 % interval" in out and "0 illegal tags in the output; a plain argmax would have made" in out
    assert "Warning" not in err and "Traceback" not in err and "litlogger" not in err


def test_the_run_folder_is_complete(folder: Path) -> None:
    names = {path.name for path in (folder / "run").iterdir()}
    files = {"weights.safetensors", "config.yaml", "vocabulary.json", "metrics.json", "card.md", "data_manifest.json"}
    assert names == {*files, "logs"}
    assert not list((folder / "run").rglob("*.ckpt")), "nothing that must be unpickled"
    assert list((folder / "run").rglob("metrics.csv")) and list((folder / "run").rglob("events.out.*"))
    assert [p.name for p in folder.iterdir() if p.name in ("outputs", "multirun", "train.log", "runs")] == []
    metrics = json.loads((folder / "run/metrics.json").read_text())
    assert set(metrics) == {"training", "dev", "test"}
    assert metrics["test"]["srl-eval"]["f1"] > 95, "the toy task has a known answer"
    assert f"{metrics['test']['srl-eval']['f1']:.2f}" in (folder / "run/card.md").read_text()


def test_studies_score_and_build_it(folder: Path) -> None:
    check_kind(folder / "run", "test")


def test_evaluate_repeats_the_score_of_the_training(folder: Path, call: Call) -> None:
    before = json.loads((folder / "run/metrics.json").read_text())
    status, out, _ = call(evaluate.main, f"run={folder}/run", "split=test")
    assert status == 0 and "Overall" in out and "ARG1" in out
    assert json.loads((folder / "run/metrics.json").read_text()) == before
    status, again, _ = call(
        evaluate.main, f"run={folder}/run", f"input={folder}/test.conll", f"metrics={folder}/m.json"
    )
    assert again == out and json.loads((folder / "m.json").read_text()) == before["test"]


def test_predictions_score_as_evaluate_says(folder: Path, call: Call) -> None:
    _, expected, _ = call(evaluate.main, f"run={folder}/run", "split=test")
    status, out, _ = call(predict.main, f"run={folder}/run", f"input={folder}/test.conll")
    assert status == 0
    (folder / "predicted.jsonl").write_text(out)
    metrics = (folder / "run/metrics.json").read_text()
    _, found, _ = call(evaluate.main, f"gold={folder}/test.conll", f"predicted={folder}/predicted.jsonl")
    tables = expected.index("most frequent senses")
    assert found.splitlines()[:-1] == expected[:tables].splitlines(), "all that is of given predicates"
    assert (folder / "run/metrics.json").read_text() == metrics
    records = [json.loads(line) for line in out.splitlines()]
    assert [r["words"] for r in records] == [e["words"] for e in TEST], "order kept"
    for record in records:
        for frame in record["frames"]:
            assert invalid_transitions(frame["tags"]) == [] and frame["tags"][frame["index"]] == "B-V"
            for argument in frame["arguments"]:
                assert argument["text"] == " ".join(record["words"][argument["start"] : argument["end"]])


def test_raw_text_with_offsets(folder: Path, call: Call) -> None:
    text = "Anna sees cat dog.  Anna sees Anna dog.\n\n🎉\n"
    (folder / "raw.txt").write_text(text)
    status, out, err = call(predict.main, f"run={folder}/run", f"input={folder}/raw.txt")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and "raw text" in err
    assert [record["id"] for record in records] == ["line-1", "line-1.2", "line-2", "line-3"]
    assert [len(record["frames"]) for record in records][:3] == [1, 1, 0] and records[2]["words"] == []
    for record in records:
        line = text.splitlines()[record["line"] - 1]
        assert line[record["start_char"] :].startswith(record["text"])
        assert [record["text"][start:end] for start, end in record["offsets"]] == record["words"]
        for frame in record["frames"] if "Anna" in line else ():
            assert record["text"][frame["start_char"] : frame["end_char"]] == frame["predicate"] == "sees"
            assert {a["role"] for a in frame["arguments"]} == {"ARG0", "ARG1"}
            for argument in frame["arguments"]:
                assert record["text"][argument["start_char"] : argument["end_char"]] == argument["text"]
    assert all(record["frames"][0]["roleset"] in ("see.01", "see.02") for record in records[:2])


def test_a_text_on_the_command_line_for_people(folder: Path, call: Call) -> None:
    status, out, _ = call(predict.main, f"run={folder}/run", "output_format=text", "Anna sees bread dog. .")
    assert status == 0
    assert [line.split() for line in out.replace("see.02", "see.01").splitlines()] == [
        ["Anna", "sees", "bread", "dog."],
        ["sees", "see.01"],
        ["ARG0", "Anna", "agent"],
        ["ARG1", "bread", "dog", "patient", "or", "theme"],
        [],
        ["."],
        ["no", "predicate"],
        [],
    ]


@pytest.mark.parametrize("words", [["Anna", "sees", "cat", "dog"], ["Anna sees x=3 dog"], ["Anna sees", "cat dog"]])
def test_words_of_the_command_line_are_a_text(folder: Path, call: Call, words: list[str]) -> None:
    status, out, _ = call(predict.main, f"run={folder}/run", "output_format=json", *words)
    record = json.loads(out)
    assert status == 0 and record["text"] == " ".join(words) and record["frames"][0]["predicate"] == "sees"


def test_files_that_mark_no_predicate_have_them_found(folder: Path, call: Call, tmp_path: Path) -> None:
    (tmp_path / "bare.jsonl").write_text(json.dumps({"words": ["Anna", "sees", "cat", "dog"]}) + "\n")
    status, out, _ = call(predict.main, f"run={folder}/run", f"input={tmp_path}/bare.jsonl", "format=json-lines")
    assert status == 0 and [frame["predicate"] for frame in json.loads(out)["frames"]] == ["sees"]


def test_given_predicates_can_be_found_anew(folder: Path, call: Call) -> None:
    arguments = [f"run={folder}/run", f"input={folder}/predicates-wrong.jsonl"]
    line = json.dumps({"words": ["Anna", "sees", "cat", "dog"], "frames": [{"index": 3}]})
    (folder / "predicates-wrong.jsonl").write_text(line)
    indices = []
    for how in ("auto", "gold", "detect"):
        status, out, _ = call(predict.main, *arguments, f"predicates={how}")
        assert status == 0
        indices.append([frame["index"] for frame in json.loads(out)["frames"]])
    assert indices == [[3], [3], [1]]


def test_report_and_comparison(folder: Path, call: Call, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert call(evaluate.main, f"run={folder}/run", f"input={folder}/test.conll", f"report={report}")[0] == 0
    page = report.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert page.startswith("<!doctype html>") and "<svg" in page and "http" not in page, "nothing from outside"
    status, out, _ = call(compare.main, f"{folder}/run", f"{folder}/run", f"metrics={tmp_path}/c.json")
    assert status == 0 and "+0.00" in out
    rows = json.loads((tmp_path / "c.json").read_text())
    assert rows["srl-eval"]["difference"] == 0 and rows["srl-eval"]["p_randomisation"] == 1
    assert {"senses", "predicates", "found", "found-right-sense"} <= set(rows)


def test_fine_tuning_learns_a_new_role_and_reports_both_kinds_of_text(folder: Path, tmp_path: Path) -> None:
    examples = toy_corpus(60, 7)
    for example in examples:
        for frame in example["frames"]:
            frame["tags"] = [tag.replace("ARG1", "ARG7") for tag in frame["tags"]]
    for name, part in (("train", examples[:40]), ("dev", examples[40:])):
        with (tmp_path / f"{name}.conll").open("w") as file:
            write_columns(part, file)
    arguments = [
        *("recipe=finetune", f"init={folder}/run", f"data.train={tmp_path}/train.conll", "finetune.replay_ratio=0.5"),
        *(f"data.dev={tmp_path}/dev.conll", f"run_dir={tmp_path}/tuned", "loader.batch_tokens=100"),
        *("optimizer.learning_rate=0.02", "trainer.max_epochs=8", "trainer.ema_decay=0", "finetune.frozen_layers=1"),
    ]
    command = [sys.executable, "-m", "grunlp.train", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 tags" in done.stderr and "Warning" not in done.stderr
    metrics = json.loads((tmp_path / "tuned/metrics.json").read_text())
    before, after = (metrics[name]["srl-eval"]["labels"] for name in ("dev before", "dev"))
    assert before["ARG7"]["f1"] == 0 and after["ARG7"]["f1"] > 60 and before["ARG0"]["f1"] > 95
    assert {"old dev before", "old dev"} <= set(metrics)
    assert (tmp_path / "tuned/card.md").is_file()
    assert re.search(r"srl-eval +[\d.]+ +[\d.]+ +\+[\d.]+ +\+[\d.]+ to \+[\d.]+", done.stdout), (
        "a difference with its interval"
    )


def test_standard_input_and_a_pipe_that_closes(folder: Path) -> None:
    lines = "printf 'Anna sees cat dog .\\n%.0s' $(seq 300)"
    command = f"{lines} | {sys.executable} -m grunlp.predict run={folder}/run | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert json.loads(done.stdout)["frames"][0]["predicate"] == "sees"
    assert all(line.startswith(("standard input: ", "recurrence: ")) for line in done.stderr.splitlines())


def test_bad_lines_are_named_and_the_rest_goes_on(folder: Path, call: Call) -> None:
    good = json.dumps(
        {"words": ["Anna", "sees", "cat", "dog"], "frames": [{"index": 1, "tags": ["O", "B-V", "O", "O"]}]}
    )
    (folder / "bad.jsonl").write_text(f"{good}\nnot json\n{good}\n" + '{"words": 3}\n')
    status, out, err = call(predict.main, f"run={folder}/run", f"input={folder}/bad.jsonl", "format=json-lines")
    assert status == 1 and len(out.splitlines()) == 2
    assert "bad.jsonl:2: " in err and "bad.jsonl:4: " in err and err.count("skipped ") == 2


def test_predicates_alone_are_enough_to_predict_and_too_little_to_score(folder: Path, call: Call) -> None:
    lines = [json.dumps({"words": ["Anna", "sees", "cat", "dog"], "frames": [{"index": i}]}) for i in (1, 2)]
    path = folder / "predicates.jsonl"
    path.write_text("\n".join(lines))
    status, out, err = call(predict.main, f"run={folder}/run", f"input={path}")
    assert status == 0 and "format json-predicates" in err
    assert [json.loads(line)["frames"][0]["tags"].index("B-V") for line in out.splitlines()] == [1, 2]
    status, _, err = call(evaluate.main, f"run={folder}/run", f"input={path}")
    assert status == 2 and "no roles" in err


def test_text_that_begins_with_numbers_is_text(folder: Path, call: Call) -> None:
    (folder / "numbers.txt").write_text("10 dogs sees cat dog\n12 dogs sees cat dog\n")
    status, out, err = call(predict.main, f"run={folder}/run", f"input={folder}/numbers.txt")
    assert status == 0 and "raw text" in err and len(out.splitlines()) == 2


def test_a_failed_prediction_leaves_no_file(folder: Path, call: Call, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    assert call(predict.main, f"run={folder}/run", "input=nowhere", f"output={output}")[0] == 2
    (tmp_path / "empty").write_text("")
    assert call(predict.main, f"run={folder}/run", f"input={tmp_path}/empty", f"output={output}")[0] == 2
    cut = gzip.compress("".join(f"Anna sees cat dog {n} .\n" for n in range(9000)).encode())[:-2000]
    (tmp_path / "cut.gz").write_bytes(cut)
    arguments = [f"input={tmp_path}/cut.gz", f"output={output}", "format=raw"]
    assert call(predict.main, f"run={folder}/run", *arguments)[0] == 2, "it fails in the middle of its work"
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "cut.gz"}


def test_output_file_is_not_overwritten(folder: Path, call: Call, tmp_path: Path) -> None:
    arguments = [f"run={folder}/run", f"input={folder}/test.conll", f"output={tmp_path}/out.jsonl"]
    assert call(predict.main, *arguments)[0] == 0
    before = (tmp_path / "out.jsonl").read_text()
    status, _, err = call(predict.main, *arguments)
    assert status == 2 and "nothing is overwritten" in err and (tmp_path / "out.jsonl").read_text() == before


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (evaluate.main, [], "no model to evaluate"),
        (evaluate.main, ["run=nowhere"], "not a finished run"),
        (evaluate.main, ["gold=x"], "belong together"),
        (evaluate.main, ["gold=a", "predicted=b", "input=c"], "belong together"),
        (evaluate.main, ["run={}/run", "words=x"], "words= without a file of props"),
        (evaluate.main, ["gold=nowhere.a", "predicted=nowhere.b"], "does not exist"),
        (evaluate.main, ["split=tset"], "Did you mean split=test?"),
        (predict.main, ["a text", "input=x"], "a text replaces the file"),
        (predict.main, ["a text", "run={}/run", "predicates=gold"], "raw text marks none"),
        (compare.main, ["a"], "compare takes two"),
        (compare.main, ["a", "b"], "not a finished run"),
        (compare.main, ["a", "b", "gold=x", "input=y"], "Give one of them"),
        (compare.main, ["{}/run", "{}/run", "metrics={}/no/where.json"], "there is no folder"),
        (compare.main, ["{}/run", "{}/run", "metrics={}/train.out"], "nothing is overwritten"),
        (evaluate.main, ["run={}/run", "metrics={}/train.out"], "nothing is overwritten"),
        (evaluate.main, ["run={}/run", "report={}/train.out"], "nothing is overwritten"),
        (evaluate.main, ["run={}/run", "report={}/no/where.html"], "there is no folder"),
        (train.main, ["recipe=finetune", "init_from=nowhere", "data.train=x", "data.dev=x"], "not a finished run"),
        (predict.main, ["rnu=x"], "Did you mean run?"),
        (predict.main, ["--verbose"], "no such option"),
        (predict.main, ["{}/train.out"], "Type input="),
        (train.main, ["recipe=finetune", "data.train=x", "data.dev=x", "data.extra_train=y"], "Leave it out"),
        (predict.main, ["run={}/run", "input=nowhere"], "does not exist"),
        (predict.main, ["run={}/run", "input={}"], "is a directory"),
        (predict.main, ["run={}/run", "format=colums", "input={}/test.conll"], "columns"),
        (train.main, ["recipe=srl", "model.hiden_size=1"], "Did you mean model.hidden_size?"),
        (train.main, ["run_dir={}/run"], "overwrite=true"),
        (train.main, ["train.conll"], "Write key=value"),
        (train.main, ["~model.dropout"], "cannot be added or deleted"),
        (train.main, ["--cfg", "job", "model.hiden_size=3"], "Did you mean model.hidden_size?"),
        (train.main, ["run_dir={}/run", "overwrite=true", "data.train=nowhere", "data.dev=x"], "does not exist"),
        (train.main, ["run_dir={}/same", "data.train={}/test.conll", "data.dev={}/test.conll"], "were left out"),
        (evaluate.main, ["run={}/run", "metrics={}/no/where.json"], "there is no folder"),
        (predict.main, ["run={}/run", "output={}/no/where.jsonl"], "there is no folder"),
    ],
)
def test_mistakes_end_in_plain_messages(
    folder: Path,
    call: Call,
    main: Callable[[], int],
    arguments: list[str],
    message: str,
) -> None:
    status, out, err = call(main, *(argument.format(folder) for argument in arguments))
    assert status == 2 and out == "" and "error: " in err and message in err and "Traceback" not in err


@pytest.mark.parametrize("main", [train.main, evaluate.main, predict.main, compare.main])
def test_help(call: Call, main: Callable[[], int]) -> None:
    status, out, err = call(main, "--help")
    assert status == 0 and err == "" and "python -m grunlp." in out
    if main is train.main:
        for expected in ("propbank-ewt", "model.hidden_size=256", "trainer.max_epochs=", "tiny", "srl"):
            assert expected in out


def test_files_that_do_not_match(folder: Path, call: Call) -> None:
    with (folder / "other.conll").open("w") as file:
        write_columns(toy_corpus(12, 4), file)
    status, _, err = call(evaluate.main, f"gold={folder}/test.conll", f"predicted={folder}/other.conll")
    assert status == 2 and "sentence 1 differs in its words" in err
    with (folder / "shorter.conll").open("w") as file:
        write_columns(TEST[:-1], file)
    status, _, err = call(evaluate.main, f"gold={folder}/test.conll", f"predicted={folder}/shorter.conll")
    assert status == 2 and "predicted ends before sentence 12" in err
