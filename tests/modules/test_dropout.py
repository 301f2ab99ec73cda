import pytest
import torch

from grunlp.modules.dropout import VariationalDropout, WordDropout


def test_one_mask_for_all_steps() -> None:
    torch.manual_seed(0)
    y = VariationalDropout(0.5)(torch.ones(4, 50, 64))
    assert torch.equal(y, y[:, :1].expand_as(y)), "the same features at every step"
    assert set(y.unique().tolist()) == {0.0, 2.0}, "kept features are scaled up"
    assert not torch.equal(y[0], y[1]), "another mask for each sequence"
    assert y.mean().item() == pytest.approx(1.0, abs=0.2)


def test_identity_when_evaluating() -> None:
    x = torch.randn(2, 3, 4)
    assert VariationalDropout(0.5).eval()(x) is x and VariationalDropout(0.0)(x) is x


def test_words_are_replaced_by_their_rarity() -> None:
    torch.manual_seed(0)
    counts = torch.tensor([0, 0, 1, 1000])
    drop = WordDropout(counts, 0.25, unk_id=1)
    ids = torch.tensor([0, 1, 2, 3]).repeat(20000, 1)
    replaced = (drop(ids) != ids).float().mean(0)
    assert replaced[0] == 0 and replaced[1] == 0
    assert replaced[2].item() == pytest.approx(0.2, abs=0.02), "0.25 / (0.25 + 1)"
    assert replaced[3].item() < 0.002
    assert (drop(ids)[:, 2].unique() == torch.tensor([1, 2])).all()
    assert drop.eval()(ids) is ids


def test_bad_strength() -> None:
    with pytest.raises(ValueError, match="negative"):
        WordDropout(torch.tensor([1]), -1.0, unk_id=0)
