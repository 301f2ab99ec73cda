"""What the user types is checked before anything happens."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

from grunlp import serve
from grunlp.configuration.compose import (
    check_sweep,
    compose_config,
    keys,
    list_config_group,
    normalize_overrides,
    resource_dir,
)
from grunlp.configuration.key_value_args import parse_arguments
from grunlp.configuration.saved_config import schema_for
from grunlp.configuration.schema import BOUNDS, CHOICES, DATASETS_BY_RECIPE, MODEL_PRESETS
from grunlp.data.readers import FORMATS
from grunlp.data.subword_tokenizer import TOKENIZER_TYPES
from grunlp.data.tag_schemes import SCHEMES
from grunlp.decoding.beam_search import LENGTH_NORMALIZATIONS
from grunlp.modules.options import AttentionKind, Cell
from grunlp.tasks.classification.model import POOLINGS
from grunlp.tasks.forecasting.checkpoint import ARCHITECTURES as FORECASTERS
from grunlp.tasks.forecasting.lightning import FORECAST_LOSSES
from grunlp.tasks.language_modeling import commands
from grunlp.tasks.seq2seq.model import BRIDGES
from grunlp.training.nan_guard import NON_FINITE_POLICIES
from grunlp.tuning import cell_comparison, cross_validation
from grunlp.utils.errors import UserError
from scripts import predict_ray

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
        (["overwrite=3"], "wrong type", "true or false", "overwrite=False"),
        (
            ["model.decoder=viterby"],
            "no such choice",
            "there are: viterbi, crf",
            "Did you mean model.decoder=viterbi?",
        ),
        (
            ["data=text", "data.train=x"],
            "recipe=srl with data=text",
            "data=text is for recipe=pretrain",
            "recipe=pretrain",
        ),
        (["recipe=slr"], "recipe=slr: no such choice", "srl", "Did you mean recipe=srl?"),
        (["data=propbank"], "data=propbank", "hub-pairs, ", "Did you mean data=propbank-ewt?"),
        (["debug=fast"], "no such choice", "overfit, profile, quick, step, tiny", "debug="),
        (["recipe=null"], "no such choice", "srl", "recipe=classify"),
        (["model.dropout=1.5"], "model.dropout=1.5 is out of bounds", "from 0.0 to 0.99", "model.dropout=0.3"),
        (["trainer.max_epochs=0"], "out of bounds", "from 1", "trainer.max_epochs"),
        (["+model.extra=1"], "cannot be added", "exists already", "without + or ~"),
        (["~model.dropout"], "cannot be added or deleted", "", "without"),
        (["model=3"], "model=3: no such choice", "stack64-32", "model=segrnn"),
        (["loader=3"], "loader is a group of keys", "loader.batch_tokens", "Set loader."),
        (["train"], "cannot read the arguments", "you typed: train", "Write key=value"),
        (["data.name=hub"], "data.name cannot be set", "propbank-ewt", "data=NAME"),
        (["data=propbank-ewt", "data.train=x"], "unknown key data.train", "data.extra", ""),
        (["data.format=colums", "data.train=x"], "no such choice", "conllu", "Did you mean data.format=columns?"),
        (["trainer.monitor=dev/f2"], "no such choice", "dev/loss", "Did you mean trainer.monitor=dev/f1?"),
        (["trainer.precision=8"], "wrong type", "a word", "auto"),
        (["trainer.limit_batches=abc"], "wrong type", "a whole number", "0"),
        (["seed=-1"], "out of bounds", "from 0", "seed=1"),
        (["model.predicate_hidden_size=0"], "out of bounds", "from 1", "160"),
        (["model.decoder=crf", "model.label_smoothing=0.1"], "with model.label_smoothing", "", "label_smoothing=0.0"),
        (["model.characters=gru", "model.character_size=65"], "odd model.character_size", "evenly", "Add 1"),
        (
            ["data.outer_folds=3"],
            "data.outer_folds=3 with data.outer_fold=0",
            "data.folds parts the rest",
            "data.folds=5",
        ),
        (["data.outer_folds=3", "data.outer_fold=3", "data.folds=3"], "data.outer_fold=3", "is left out", "data.outer"),
        (["recipe=pretrain", "data.share=0.5"], "recipe=pretrain with data.share", "all text", "fewer files"),
        (["data.share=0"], "data.share=0 is out of bounds", "from 0.001 to 1.0", "data.share=1.0"),
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
            "trainer.limit_batches=0",
            "model.hidden_size=7",
            "optimizer.learning_rate=1",
            "seed=5",
        ]
    )
    assert (config.model.hidden_size, config.optimizer.learning_rate, config.seed) == (7, 1, 5)
    assert config.trainer.max_epochs == 2 and config.data.name == "demo"


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


def test_home_and_null() -> None:
    config = compose_config(["run_dir=~/x", "vocabulary.vectors=null", "data.extra='quoted already'"])
    assert config.run_dir == os.path.expanduser("~/x")
    assert config.vocabulary.vectors is None and config.data.extra == "quoted already"


def test_an_explicit_data_set_stays() -> None:
    assert normalize_overrides(["data=hub", "data.train=x"]) == ["data=hub", "data.train='x'"], "a split, no file"
    assert normalize_overrides(["seed=1,2"]) == ["seed=1,2"], "a sweep is no path"


def test_sweeps_are_checked_in_all_combinations() -> None:
    check_sweep(["seed=1,2", "model.decoder=viterbi,crf"])
    with pytest.raises(UserError, match="no such choice"):
        check_sweep(["seed=1,2", "model.decoder=viterbi,crv"])


def test_choices_are_those_of_the_signatures() -> None:
    """CHOICES repeats what Literal annotations say, so that checking needs no import of torch."""
    annotations: dict[str, set[tuple[str, ...]]] = {}
    for path in [
        *(ROOT / "grunlp/tasks").glob("*/model.py"),
        *(ROOT / "grunlp/tasks").glob("*/segrnn.py"),
        *(ROOT / "grunlp/modules").glob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation).startswith("Literal["):
                words = ast.literal_eval(ast.unparse(node.annotation).removeprefix("Literal"))
                annotations.setdefault(node.arg, set()).add(tuple(words))
    aliases = {
        "model.pooling": POOLINGS,
        "model.cell": get_args(Cell),
        "model.attention": get_args(AttentionKind),
        "model.bridge": BRIDGES,
        "tokenizer.kind": TOKENIZER_TYPES,
    }
    aliases |= {"search.normalization": LENGTH_NORMALIZATIONS, "model.kind": FORECASTERS, "model.loss": FORECAST_LOSSES}
    aliases["trainer.bad_loss"] = NON_FINITE_POLICIES
    checked = [key for key in CHOICES if key.startswith("model.") and key not in aliases]
    assert len(checked) >= 3
    for key in checked:
        assert annotations[key.removeprefix("model.")] == {CHOICES[key]}
    for key, words in aliases.items():
        assert CHOICES[key] == words


def test_every_choice_and_bound_is_of_a_key_that_exists() -> None:
    names = {key for recipe in list_config_group("recipe") for key in keys(compose_config([f"recipe={recipe}"]))}
    for recipe, data in ((recipe, data) for recipe, sets in DATASETS_BY_RECIPE.items() for data in sets):
        names |= set(keys(compose_config([f"recipe={recipe}", f"data={data}"])))
    assert {key for key in CHOICES if key not in ("split", "predicates", "scheme", "style", "match", "to")} <= names
    of_commands = {
        *commands.PREDICT_DEFAULTS,
        *commands.EVALUATE_DEFAULTS,
        *cell_comparison.DEFAULTS,
        *cross_validation.DEFAULTS,
        *serve.DEFAULTS,
        *predict_ray.DEFAULTS,
    }
    assert {name.rpartition(".")[2] for name in names} | of_commands >= set(BOUNDS)
    assert set(CHOICES["data.format"]) == set(FORMATS)
    assert CHOICES["scheme"] == SCHEMES


def test_every_number_has_bounds() -> None:
    for recipe in list_config_group("recipe"):
        for key, value in keys(compose_config([f"recipe={recipe}"])).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert key.rpartition(".")[2] in BOUNDS, key


def test_every_config_composes() -> None:
    assert {data for sets in DATASETS_BY_RECIPE.values() for data in sets} == set(list_config_group("data"))
    assert set(MODEL_PRESETS) == set(list_config_group("model"))
    for preset, recipe in MODEL_PRESETS.items():
        assert compose_config([f"recipe={recipe}", f"model={preset}"])
    assert (
        set(DATASETS_BY_RECIPE)
        == {path.stem for path in resource_dir("recipes").glob("*.py")}
        == set(list_config_group("recipe"))
    )
    for recipe, sets in DATASETS_BY_RECIPE.items():
        for other in (*(f"data={data}" for data in sets), *(f"debug={name}" for name in list_config_group("debug"))):
            config = compose_config([f"recipe={recipe}", other])
            assert config.recipe == recipe
            known = schema_for(recipe, config.data.name)  # what a run folder is read by; of a network taken over more
            composed = keys(config)
            if recipe == "finetune":  # which has nothing of the network but what debug= changes
                known, composed = ({k: v for k, v in some.items() if k[:6] != "model."} for some in (known, composed))
            assert set(composed) == set(known)
            assert other[:5] != "data=" or composed == known
        other = next(data for data in list_config_group("data") if data not in sets)
        with pytest.raises(UserError, match="it learns from data="):
            compose_config([f"recipe={recipe}", f"data={other}"])


DEFAULTS = {"run": None, "split": "test", "batch_tokens": 10, "flag": False}


def test_simple_arguments() -> None:
    values = parse_arguments(["run=a=b c", "batch_tokens=5", "flag=true"], DEFAULTS)
    assert values == {"run": "a=b c", "split": "test", "batch_tokens": 5, "flag": True}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("runs", "not key=value"),
        ("rum=x", "(?s)unknown key rum.*Did you mean run?"),
        ("split=tests", "(?s)no such choice.*Did you mean split=test?"),
        ("batch_tokens=many", "(?s)wrong type.*a whole number"),
        ("flag=3", "(?s)wrong type.*true or false"),
    ],
)
def test_simple_arguments_are_checked(argument: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_arguments([argument], DEFAULTS)


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
