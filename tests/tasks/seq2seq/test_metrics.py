"""Scores of generated text."""

import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from grunlp.tasks.seq2seq.metrics import TextScores, tokenizer_for_script

OUTPUTS = ["The cat sat on the mat.", "There is a dog in the garden.", "Nothing."]
TARGETS = [["The cat sat on a mat."], ["A dog is in the garden.", "There is a dog in the yard."], ["Nothing."]]


def test_bleu_is_sacrebleus() -> None:
    streams = [["The cat sat on a mat.", "A dog is in the garden.", "Nothing."], [None, TARGETS[1][1], None]]
    scores = TextScores("bleu", OUTPUTS, TARGETS)
    expected = sacrebleu.corpus_bleu(OUTPUTS, streams).score  # type: ignore[arg-type]
    found = scores.as_dict()
    assert scores.monitored_score() == found["bleu"]["score"] == expected and 20 < expected < 99
    assert found["chrf"]["score"] == sacrebleu.corpus_chrf(OUTPUTS, streams).score  # type: ignore[arg-type]
    for name in ("bleu", "chrf"):
        low, high = found[name]["interval"]
        assert 0 <= low <= found[name]["score"] <= high <= 100
    assert "tok:13a" in found["bleu"]["how"] and "case:mixed" in found["bleu"]["how"]
    assert found["exact"]["score"] == pytest.approx(100 / 3)
    low, high = found["bleu"]["interval"]
    assert low < high


def test_rouge_by_hand() -> None:
    # 5 and 5 words, 4 in common; 2 of 4 pairs in common; longest common subsequence of 3
    scores = TextScores("rouge", ["the cat sat on mat"], [["on mat the cat slept"]])
    found = scores.as_dict()
    assert found["rouge1"]["score"] == pytest.approx(80)
    assert found["rouge2"]["score"] == pytest.approx(50)
    assert found["rougeL"]["score"] == pytest.approx(40)
    assert scores.monitored_score() == pytest.approx((80 + 50 + 40) / 3)
    assert "rouge1, best reference" not in found


def test_the_best_reference_counts() -> None:
    found = TextScores("rouge", ["a meeting"], [["lunch", "a meeting"]]).as_dict()
    assert found["rouge1"]["score"] == 0 and found["rouge1, best reference"]["score"] == 100


def test_lines_matter_to_lsum_alone() -> None:
    found = TextScores("rouge", ["a b\nc d"], [["c d\na b"]]).as_dict()
    assert found["rougeLsum"]["score"] == 100 and found["rougeL"]["score"] == 50


def test_report_and_nothing_written() -> None:
    scores = TextScores("bleu", ["", ""], [["a b c d"], ["e"]])
    assert scores.monitored_score() == 0
    lines = scores.report().splitlines()
    assert [line.split()[0] for line in lines] == ["bleu", "chrf", "exact"] and "95 % interval" in lines[0]


def test_some_draws_may_score_nothing() -> None:
    scores = TextScores("bleu", ["q", "c d e f"], [["zzz"], ["c d e f"]])
    assert len(scores.report().splitlines()) == 3
    whole = TextScores("bleu", ["a b c d"] * 2, [["a b c d"]] * 2).as_dict()
    assert whole["bleu"]["score"] == pytest.approx(100) and max(whole["bleu"]["interval"]) <= 100.0001


def test_words_of_any_script() -> None:
    assert TextScores("rouge", ["Привет, мир"], [["привет мир"]]).monitored_score() == 100
    assert TextScores("rouge", ["schöne"], [["schone"]]).as_dict()["rouge1"]["score"] == 0
    default = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    outputs = ["The running dogs' owners (2 of 3) were meeting_up again...", "flies and dies; RE: Q3-2001 meetings"]
    references = ["A running dog's owner, 2 of them, meets up again", "re: meeting of q3 2001 that flew"]
    found = TextScores("rouge", outputs, [[text] for text in references]).as_dict()
    for name in ("rouge1", "rouge2", "rougeL"):
        expected = [default.score(r, o)[name].fmeasure for r, o in zip(references, outputs, strict=True)]
        assert found[name]["score"] == pytest.approx(50 * sum(expected))


def test_blanks_do_not_make_a_text_another() -> None:
    assert TextScores("bleu", ["Zwei Ma\u0308nner."], [["Zwei  M\u00e4nner. "]]).as_dict()["exact"]["score"] == 100


@pytest.mark.parametrize(
    ("text", "tokenizer"),
    [
        ("A dog runs.", "13a"),
        ("Собака бежит.", "13a"),
        ("개가 달린다.", "13a"),
        ("一只狗在跑。", "zh"),
        ("犬が走る。", "char"),
        ("สุนัขวิ่ง", "char"),
        ("狗 is the word for a dog in Chinese", "13a"),
        ("12:30", "13a"),
    ],
)
def test_the_tokenizer_fits_the_script(text: str, tokenizer: str) -> None:
    assert tokenizer_for_script([text]) == tokenizer


def test_scripts_without_blanks_are_not_one_word() -> None:
    outputs, references = ["一只大狗在花园里跑。"], [["一只小狗在花园里跑。"]]
    scores = TextScores("bleu", outputs, references).as_dict()["bleu"]
    expected = sacrebleu.corpus_bleu(outputs, [references[0]], tokenize="zh").score
    assert "tok:zh" in scores["how"] and scores["score"] == pytest.approx(expected) and 50 < expected < 100
    rouge = TextScores("rouge", outputs, references).as_dict()["rouge1"]
    assert rouge["score"] == pytest.approx(100 * 8 / 9) and "characters" in rouge["how"]
    assert TextScores("bleu", ["a b"], [["a b"]], "char").as_dict()["bleu"]["how"].count("tok:char") == 1
    assert TextScores("rouge", ["ab"], [["ac"]], "char").as_dict()["rouge1"]["score"] == 50
