"""A labeller with a larger vocabulary labels as the one it came from did."""

import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.data.examples import SRLExample
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.tasks.srl.inference import label
from grunlp.training.weight_transfer import transfer_weights
from tests.random_srl_corpus import toy_corpus, vocabulary_of

OLD = toy_corpus(30, 1)


def changed() -> list[SRLExample]:
    """Words, characters, roles, senses and parts of speech that the old corpus does not have."""
    examples = toy_corpus(30, 2)
    for example in examples:
        example["words"] = [word.replace("cat", "ZÉBU") for word in example["words"]]
        example["pos"] = [tag.replace("VB", "VBZ") for tag in example["pos"]]
        for frame in example["frames"]:
            frame["tags"] = [tag.replace("ARG1", "ARG0").replace("B-ARG0", "B-AAA") for tag in frame["tags"]]
            frame["roleset"] = frame["roleset"].replace("see.01", "spy.01")
    return examples


def test_the_same_answers_with_a_larger_vocabulary() -> None:
    torch.manual_seed(0)
    for decoder in ("viterbi", "crf"):
        config = compose_config(["recipe=srl", "debug=tiny", f"model.decoder={decoder}"])
        before = vocabulary_of(OLD)
        old = build_srl_model(config, before, None).eval()
        with torch.no_grad():
            old.roles.weight.mul_(10)
            assert old.senses is not None
            old.senses.rolesets.weight.normal_()
        after = before.extended_with(vocabulary_of(changed()))
        assert len(after.tags) > len(before.tags) and len(after.characters) > len(before.characters)
        new = build_srl_model(config, after, None).eval()
        transfer_weights(dict(old.named_parameters()), before, new, after)
        one = [x.frames for x in label(old, SRLCollator(before, None), [*OLD, *changed()], 500, detect_predicates=True)]
        other = [
            x.frames for x in label(new, SRLCollator(after, None), [*OLD, *changed()], 500, detect_predicates=True)
        ]
        assert [[(f["index"], f["tags"]) for f in x] for x in one] == [
            [(f["index"], f["tags"]) for f in x] for x in other
        ]
        old_text = list(zip(one[: len(OLD)], other[: len(OLD)], strict=True))
        assert any(frames for frames, _ in old_text)
        for frames, again in old_text:  # a new sense of an old word is never the likeliest
            assert [f["roleset"] for f in frames] == [f["roleset"] for f in again]


@pytest.mark.parametrize("lacking", ["pos", "rolesets"])
def test_what_the_old_network_lacks_starts_anew(lacking: str) -> None:
    bare = toy_corpus(30, 1)
    for example in bare:
        if lacking == "pos":
            example["pos"] = []
        else:
            example["frames"] = [{**frame, "lemma": "", "roleset": ""} for frame in example["frames"]]  # type: ignore[misc]
    config = compose_config(["recipe=srl", "debug=tiny"])
    before = vocabulary_of(bare)
    after = before.extended_with(vocabulary_of(OLD))
    old, new = (build_srl_model(config, vocabulary, None) for vocabulary in (before, after))
    assert (old.pos is None) == (lacking == "pos") and (old.senses is None) == (lacking == "rolesets")
    transfer_weights(dict(old.named_parameters()), before, new, after)
    assert new.pos is not None and new.senses is not None
    assert torch.equal(new.encoder.words.table.weight[:5], old.encoder.words.table.weight[:5])


def test_many_examples_of_a_new_sense_do_not_change_the_old_answers() -> None:
    torch.manual_seed(0)
    config = compose_config(["recipe=srl", "debug=tiny"])
    before, many = vocabulary_of(OLD), toy_corpus(200, 3)
    for example in many:
        for frame in example["frames"]:
            frame["roleset"] = f"{frame['lemma']}.99"
    after = before.extended_with(vocabulary_of(many))
    old, new = (build_srl_model(config, vocabulary, None).eval() for vocabulary in (before, after))
    transfer_weights(dict(old.named_parameters()), before, new, after)
    answers = [
        [f["roleset"] for x in label(m, SRLCollator(v, None), OLD, 500, detect_predicates=False) for f in x.frames]
        for m, v in ((old, before), (new, after))
    ]
    assert answers[0] == answers[1]
