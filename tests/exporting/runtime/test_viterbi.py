"""The Viterbi decoder of exported scripts, which have NumPy alone."""

import torch

from grunlp.exporting.runtime.viterbi import ViterbiDecoder


def test_tags_equal_those_of_the_decoder_in_torch() -> None:
    from grunlp.decoding.viterbi import predicate_tag_mask, viterbi
    from grunlp.exporting.word_inputs import transition_tables

    torch.manual_seed(0)
    tags = ["O", "B-V", "B-A", "I-V", "I-A"]
    for _ in range(50):
        start, moves, end = torch.randn(5), torch.randn(5, 5), torch.randn(5)
        start[3:], moves[[0, 2, 4], 3] = -torch.inf, -torch.inf
        scores, place = torch.randn(1, 6, 5), int(torch.randint(6, ()))
        allowed = predicate_tag_mask(tags, torch.tensor([place]), torch.tensor([6]), 6)
        expected, _ = viterbi(scores, torch.tensor([6]), moves, start, end, allowed)
        found = ViterbiDecoder({"tags": tags, **transition_tables(start, moves, end)}).decode(scores[0].numpy(), place)
        assert found == [tags[k] for k in expected[0].tolist()]
