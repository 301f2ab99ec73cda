"""What the user types is checked before anything happens."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grunlp.configuration.compose import flatten, list_presets
from grunlp.configuration.options import check_value
from grunlp.configuration.paths import flatten_keys, list_config_group, resource_dir
from grunlp.data.readers import FORMATS
from grunlp.tasks.config import check_sweep, compose_config, normalize_overrides, schemas
from grunlp.training.trainer import MONITOR_MODES
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("overrides", "wrong", "there_is", "to_type"),
    [
        (
            ["model.hiden_size=3"],
            "unknown key model.hiden_size",
            "model.hidden_size, ",
            "Did you mean model.hidden_size?",
        ),
        (["hidden_size=3"], "unknown key hidden_size", "run_dir", "Did you mean model.hidden_size?"),
        (["xyzzy=3"], "unknown key xyzzy", "seed", "--help lists every key."),
        (
            ["model.hidden_size=big"],
            "model.hidden_size=big: wrong type",
            "a whole number",
            "Type model.hidden_size=256",
        ),
        (["model.hidden_size=2.5"], "wrong type", "a whole number", "256"),
        (["overwrite=3"], "wrong type", "true or false", "overwrite=false"),
        (
            ["model.decoder=viterby"],
            "no such choice",
            "there are: viterbi, crf",
            "Did you mean model.decoder=viterbi?",
        ),
        (
            ["data=wnut17"],
            "recipe=srl with data=wnut17",
            "data=wnut17 is for recipe=tag",
            "Type data=files, or recipe=tag",
        ),
        (["recipe=slr"], "recipe=slr: no such choice", "srl", "Did you mean recipe=srl?"),
        (["data=propbank"], "data=propbank", "hub, ", "Did you mean data=propbank-ewt?"),
        (["debug=fast"], "no such choice", "overfit, profile, quick, step, tiny", "debug="),
        (["recipe=null"], "no such choice", "srl", "recipe=classify"),
        (["model.dropout=1.5"], "model.dropout=1.5 is out of bounds", "from 0.0 to 0.99", "model.dropout=0.3"),
        (["trainer.max_epochs=0"], "out of bounds", "from 1", "trainer.max_epochs"),
        (["+model.extra=1"], "cannot be added", "already exist", "without + or ~"),
        (["~model.dropout"], "cannot be added or deleted", "", "without"),
        (["model=3"], "model=3: no such choice", "keras-gru-64-32", "model="),
        (["loader=3"], "loader is a group of keys", "loader.batch_tokens", "Set loader."),
        (["train"], "cannot read the arguments", "you typed: train", "Write key=value"),
        (["data.name=hub"], "data.name cannot be set", "propbank-ewt", "data=NAME"),
        (["data=propbank-ewt", "data.train=x"], "unknown key data.train", "data.extra_train", ""),
        (["data.format=colums", "data.train=x"], "no such choice", "conllu", "Did you mean data.format=columns?"),
        (["trainer.monitor=dev/f2"], "no such choice", "dev/loss", "Did you mean trainer.monitor=dev/f1?"),
        (["trainer.precision=8"], "wrong type", "a word", "auto"),
        (["trainer.limit_train_batches=abc"], "wrong type", "a whole number", "0"),
        (["seed=-1"], "out of bounds", "from 0", "seed=1"),
        (["model.predicate_hidden_size=0"], "out of bounds", "from 1", "160"),
        (["model.decoder=crf", "model.label_smoothing=0.1"], "with model.label_smoothing", "", "label_smoothing=0.0"),
        (
            ["model.char_encoder=gru", "model.char_size=65"],
            "odd model.char_size",
            "half of the features",
            "an even model.char_size",
        ),
        (
            ["data.outer_num_folds=3"],
            "data.outer_num_folds=3 with data.outer_fold=0",
            "data.num_folds divides",
            "data.num_folds=5",
        ),
        (
            ["data.outer_num_folds=3", "data.outer_fold=3", "data.num_folds=3"],
            "data.outer_fold=3",
            "two outer folds",
            "data.outer",
        ),
        (["recipe=pretrain", "data.train_fraction=0.5"], "unknown key data.train_fraction", "data.train", ""),
        (
            ["data.train_fraction=0"],
            "data.train_fraction=0 is out of bounds",
            "from 0.001 to 1.0",
            "data.train_fraction=1.0",
        ),
        (["trainer.wandb=true"], "trainer.wandb=true", "not installed", "pip install wandb"),
    ],
)
def test_three_part_messages(overrides: list[str], wrong: str, there_is: str, to_type: str) -> None:
    with pytest.raises(UserError) as caught:
        compose_config(overrides)
    assert wrong in caught.value.message
    assert there_is in caught.value.details
    assert to_type in caught.value.hint


def test_good_values_arrive() -> None:
    config = compose_config(
        [
            "recipe=srl",
            "debug=tiny",
            "trainer.limit_train_batches=0",
            "model.hidden_size=7",
            "optimizer.learning_rate=1",
            "seed=5",
        ]
    )
    assert (config.model.hidden_size, config.optimizer.learning_rate, config.seed) == (7, 1, 5)
    assert config.trainer.max_epochs == 2 and config.data.name == "toy-srl"


PATHS = [
    "plain.conll",
    "with blank.conll",
    "a,b=(c)#d.conll",
    "it's.conll",
    "C:\\new\\x.conll",
    "5",
    "données!&",
    "a\\",
]


@pytest.mark.parametrize("path", PATHS)
def test_any_path_can_be_typed(path: str) -> None:
    config = compose_config([f"data.dev={path}", f"run_dir={path}"])
    assert config.data.dev == os.path.abspath(path) and config.run_dir == path
    assert config.data.name == "files", "data.dev=FILE says data=files"


def test_quoted_paths_and_local_data_sets_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows").mkdir()
    config = compose_config(["recipe=tag", "data.train='a b.txt'", 'data.dev="b.txt"'])
    assert (config.data.train, config.data.dev) == (f"{tmp_path}/a b.txt", f"{tmp_path}/b.txt")
    for path, expected in (("rows", f"{tmp_path}/rows"), ("user/rows", "user/rows")):
        assert compose_config(["recipe=tag", "data=hub", f"data.path={path}"]).data.path == expected


def test_home_and_null() -> None:
    config = compose_config(["run_dir=~/x", "vocabulary.vectors=null", "data.extra_train='quoted already'"])
    assert config.run_dir == os.path.expanduser("~/x")
    assert config.vocabulary.vectors is None and config.data.extra_train == "quoted already"


def test_an_explicit_data_set_stays() -> None:
    assert normalize_overrides(["data=hub", "data.train=x"]) == ["data=hub", "data.train='x'"], "a split stays"
    assert normalize_overrides(["seed=1,2"]) == ["seed=1,2"], "a sweep is no path"


def test_sweeps_are_checked_in_all_combinations() -> None:
    check_sweep(["seed=1,2", "model.decoder=viterbi,crf"])
    with pytest.raises(UserError, match="no such choice"):
        check_sweep(["seed=1,2", "model.decoder=viterbi,crv"])


def all_schemas() -> list[tuple[str, str]]:
    return [(recipe, data) for recipe, schema in schemas().items() for data in schema.datasets]


def test_every_option_has_a_meaning_and_every_number_bounds() -> None:
    for recipe, data in all_schemas():
        for key, option in schemas()[recipe].stored_options(recipe, data).items():
            assert option.help and option.help[-1] != ".", key
            if option.type in (int, float):
                assert option.minimum is not None and option.maximum is not None, key
            if option.default is not None:
                check_value(option, option.default)
            assert option.default is not None or option.nullable, key


def test_choices_are_those_of_the_code() -> None:
    srl = schemas()["srl"].options("srl", "files")
    assert set(srl["data.format"].choices) == set(FORMATS)
    options = [schemas()[recipe].options(recipe, data) for recipe, data in all_schemas()]
    assert {word for each in options for word in each["trainer.monitor"].choices} == set(MONITOR_MODES)


def test_every_key_of_the_yaml_files_is_an_option() -> None:
    """Recipes and data sets set options that exist, to other values than the declared defaults."""
    for recipe, schema in schemas().items():
        keys = flatten_keys(read_yaml(resource_dir("configs") / f"recipe/{recipe}.yaml"))
        options = schema.options(recipe, next(iter(schema.datasets)))
        for key, value in keys.items():
            if key not in ("defaults", "recipe"):
                check_value(options[key], value)
                assert value != options[key].default, f"{recipe}.yaml: {key} is the declared default"
    for recipe, data in all_schemas():
        options = schemas()[recipe].options(recipe, data)
        for key, value in flatten_keys({"data": read_yaml(resource_dir("configs") / f"data/{data}.yaml")}).items():
            check_value(options[key], value)
            assert key == "data.name" or value != options[key].default, f"{data}.yaml: {key} is the declared default"


@pytest.mark.slow
def test_every_config_composes() -> None:
    assert {data for _, data in all_schemas()} == set(list_config_group("data"))
    presets = {preset: recipe for recipe in schemas() for preset in list_presets(recipe)}
    assert set(presets) == set(list_config_group("model"))
    for preset, recipe in presets.items():
        assert compose_config([f"recipe={recipe}", f"model={preset}"])
    recipes = {path.stem for path in resource_dir("recipes").glob("*.py")}
    assert set(schemas()) == recipes == set(list_config_group("recipe"))
    for recipe, schema in schemas().items():
        debugs = (f"debug={name}" for name in list_config_group("debug"))
        for other in (*(f"data={data}" for data in schema.datasets), *debugs):
            config = compose_config([f"recipe={recipe}", other])
            assert config.recipe == recipe
            assert set(flatten(config)) == set(schema.options(recipe, config.data.name))
        other = next(data for data in list_config_group("data") if data not in schema.datasets)
        with pytest.raises(UserError, match="this recipe reads data="):
            compose_config([f"recipe={recipe}", f"data={other}"])


@pytest.mark.slow
def test_a_sweep_over_recipes_and_data_sets_composes_each(tmp_path: Path) -> None:
    code = "from grunlp import train; import sys; train.start = lambda config, *_: print(config.recipe, "
    code += "config.data.name, config.model.attention, config.data.get('path')); sys.exit(train.main())"
    arguments = ["recipe=translate,summarize", "data=toy-reversal,hub", "--multirun"]
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if "None" in line] == [
        "translate toy-reversal multihead None",
        "translate hub multihead None",
        "summarize toy-reversal additive None",
        "summarize hub additive None",
    ]


def test_a_typo_stops_within_two_seconds_and_before_torch() -> None:
    code = "import sys; sys.argv[1:] = ['model.hiden_size=3']\nfrom grunlp.train import main\nstatus = main()\n"
    code += "assert 'torch' not in sys.modules and 'datasets' not in sys.modules\nsys.exit(status)"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    seconds = time.perf_counter() - started
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: unknown key model.hiden_size\n") and "Traceback" not in done.stderr
    assert seconds < 2 or seconds < 4 * _bare_python(), "or the machine is busy"


def _bare_python() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import hydra"], check=True)
    return time.perf_counter() - started


@pytest.mark.parametrize(("name", "recipe"), [("ner", "tag"), ("translation", "translate"), ("sentiment", "classify")])
def test_other_names_of_a_task_suggest_its_recipe(name: str, recipe: str) -> None:
    with pytest.raises(UserError, match=f"Type recipe={recipe},"):
        compose_config([f"recipe={name}"])
