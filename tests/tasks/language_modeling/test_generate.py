"""Writing on: what is drawn is what steps allow, seeds govern it, lines end where they should."""

import torch

from grunlp.data.subword_tokenizer import EOS_ID, TextTokenizer
from grunlp.decoding.sampling import Sampling
from grunlp.tasks.language_modeling.generate import generate
from tests.tasks.language_modeling.test_model import make

TOKENIZER = TextTokenizer.train("word", ["one two three, four", "five six"], 100, 1)
torch.manual_seed(1)
MODEL = make(len(TOKENIZER)).eval()


def write(
    prompt: str, seed: int = 1, sample_id: int = 0, temperature: float = 1.0, stop_at_newline: bool = False
) -> list[str]:
    sampling = Sampling(temperature=temperature, top_k=0, top_p=1.0, seed=seed)
    options = {"stop_at_newline": stop_at_newline, "sampling": sampling, "sample_id": sample_id}
    return [token.text for token in generate(MODEL, TOKENIZER, prompt, length=40, **options)]  # type: ignore[arg-type]


def test_near_zero_the_likeliest_is_drawn() -> None:
    text, read = write("five", temperature=1e-6), [EOS_ID, *TOKENIZER.encode(["five"])[0]]
    state = MODEL.initial_state(1)
    for token in read[:-1]:
        _, state = MODEL.step(torch.tensor([token]), state)
    token, expected, line = read[-1], "", read[1:]
    for _ in range(40):
        log_probs, state = MODEL.step(torch.tensor([token]), state)
        log_probs[:, :3] = float("-inf")
        token = int(log_probs.argmax())
        if token == EOS_ID:
            expected += TOKENIZER.decode(line) + "\n"
            line = []
        else:
            line.append(token)
    assert "five" + "".join(text) == expected + TOKENIZER.decode(line)


def test_seeds_and_numbers_govern_the_draws() -> None:
    assert write("one") == write("one") != write("one", seed=2)
    assert write("one") != write("one", sample_id=1)


def test_one_line_stops_at_its_end() -> None:
    whole = "".join(write("one"))
    assert "\n" in whole
    assert "".join(write("one", stop_at_newline=True)) == whole.partition("\n")[0]


def test_prompts_of_several_lines_and_none() -> None:
    assert len(write("")) == len(write("five six\none two")) == 40
    one, two = TOKENIZER.encode(["five six", "one"])
    state, log_probs = MODEL.initial_state(1), torch.empty(0)
    for token in [EOS_ID, *one, EOS_ID, *two]:
        log_probs, state = MODEL.step(torch.tensor([token]), state)
    log_probs[:, :3] = float("-inf")
    likeliest = TOKENIZER.decode([*two, int(log_probs.argmax())])
    assert "one" + write("five six\none", temperature=1e-6)[0].rstrip("\n") == likeliest
    assert all("<" not in piece for piece in write("")), "neither unknown nor padding is written"
