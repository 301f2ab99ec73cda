import pytest

from grunlp.configuration.compose import flatten
from grunlp.tasks.config import compose_config
from grunlp.tuning.search_space import as_overrides, expand_grid, parse_search_space, trial_name
from grunlp.utils.errors import UserError

DEFAULTS = flatten(compose_config(["recipe=tag"]))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("model.hidden_size=32..512", [32, 64, 128, 256, 512]),
        ("model.hidden_size=32..100", [32, 64, 100]),
        ("model.hidden_size=5..6", [5, 6]),
        ("model.hidden_size=32,96,256", [32, 96, 256]),
        ("model.hidden_size=7", [7]),
        ("optimizer.learning_rate=0.001..0.1", [0.001, 0.003162, 0.01, 0.03162, 0.1]),
        ("optimizer.learning_rate=1,2e-3", [1.0, 0.002]),
        ("model.dropout=0,0.3", [0.0, 0.3]),
        ("model.cell=gru,lstm", ["gru", "lstm"]),
        ("model.word_shape_features=true,false", [True, False]),
    ],
)
def test_values(text: str, values: list[object]) -> None:
    (found,) = parse_search_space([text], DEFAULTS)
    assert found.values == values and [type(one) for one in found.values] == [type(one) for one in values]
    assert (found.bounds is not None) == (".." in text)


def test_products() -> None:
    for texts in (
        ["model.hidden_size=8,16;model.dropout=0.1,0.5"],
        ["model.hidden_size=8,16", "model.dropout=0.1,0.5"],
    ):
        values = expand_grid(parse_search_space(texts, DEFAULTS))
        assert [trial_name(one) for one in values] == [
            "hidden_size-8_dropout-0.1",
            "hidden_size-8_dropout-0.5",
            "hidden_size-16_dropout-0.1",
            "hidden_size-16_dropout-0.5",
        ]
    assert as_overrides(values[1]) == ["model.hidden_size=8", "model.dropout=0.5"]
    assert trial_name((("a.x", True), ("b.x", 1))) == "a.x-true_b.x-1", "names that would be the same are whole"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model.hidden_size", "(?s)search_space=model.hidden_size.*a key and its values.*Type search_space="),
        ("model.hiden_size=8..16", "(?s)unknown key model.hiden_size.*Did you mean model.hidden_size?"),
        ("model.hidden_size=16..8", "(?s)to a larger one.*A..B"),
        ("model.hidden_size=8..x", "(?s)'x' has the wrong type.*whole numbers"),
        ("model.hidden_size=2.5,3", "(?s)'2.5' has the wrong type.*whole numbers"),
        ("model.hidden_size=8,,16", "(?s)'' has the wrong type"),
        ("model.dropout=0..0.5", "(?s)from a number above 0"),
        ("model.cell=gru..lstm", "(?s)only numbers have ranges.*with commas"),
        ("model.hidden_size=8,8", "a value is repeated"),
        ("data.fold=0,1", "affects which data are scored"),
        ("data.train_fraction=0.5,1.0", "affects which data are scored"),
        ("run_dir=a,b", "the search sets it"),
        ("model.dropout=0.1;model.dropout=0.2", "it is given twice"),
        ("model.word_shape_features=yes", "true or false"),
    ],
)
def test_wrong_ranges(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_search_space([text], DEFAULTS)
