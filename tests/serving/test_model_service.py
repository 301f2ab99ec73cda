"""A served model: ids, batches of sentences, and its errors."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from grunlp.serving.errors import APIError
from grunlp.serving.limits import ServerLimits
from grunlp.serving.model_service import ModelService, assign_ids
from grunlp.serving.prometheus import ServerMetrics
from grunlp.tasks import Predictor
from tests.serving.models import Moody

TEXTS = [
    "",
    "He left.",
    "She gave him a book. Was he glad?",
    "The executives gave the chef a standing ovation after the dinner because they liked the food.",
    "is was be been " * 8,
    "One\nline after\n\nanother ended.",
    "The cat sat on the mat and the dog, which had been asleep, saw it. " * 8,
]


def test_ids_are_unique_and_hide_paths() -> None:
    class At(Moody):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.at = Path(path)

        @property
        def path(self) -> Path:
            return self.at

    paths = ["/a/run", "/b/run", "/c/run-2", "/d/two words/", "/e/ü/..", "/"]
    assert list(assign_ids(At(path) for path in paths)) == ["run", "run-2", "run-2-2", "two-words", "e", "model"]


@pytest.mark.parametrize("processes", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_batched_answers_equal_those_of_each_text_alone(
    processes: int, box: Predictor[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is computed beside it, and where."""
    sizes: list[int] = []
    monkeypatch.setattr(ServerMetrics, "observe_batch", lambda self, model, texts, tokens, seconds: sizes.append(texts))

    async def go() -> None:
        served = ModelService("box", box, ServerLimits(), ServerMetrics(), processes)
        served.scheduler.start()
        await asyncio.to_thread(served.scheduler.warm.wait, 60)
        answers = await asyncio.gather(*(served.predict([text]) for text in TEXTS * 4), served.predict(TEXTS))
        await served.scheduler.close()
        alone = [box(text) for text in TEXTS]
        assert answers == [*([records] for records in alone * 4), alone]
        assert max(sizes) > 10

    asyncio.run(go())


@pytest.mark.slow
def test_a_sentence_of_many_predicates_does_not_block_others(box: Predictor[Any, Any]) -> None:
    """Each word of it is one, and each costs as much as the sentence again."""

    async def go() -> None:
        served = ModelService("box", box, ServerLimits(), ServerMetrics(), 0)
        served.scheduler.start()
        await served.predict(["He left."])
        verbs = "go " * 120
        long = asyncio.ensure_future(served.predict([verbs]))
        waits = []
        while not long.done():
            started = time.perf_counter()
            await served.predict(["He left."])
            waits.append(time.perf_counter() - started)
        assert await long == [box(verbs)] and len(box(verbs)[0]["frames"]) > 60
        assert len(waits) > 4
        with pytest.raises(APIError) as problem:
            await served.predict([verbs] * 20)
        assert problem.value.status == 413
        await served.scheduler.close()

    asyncio.run(go())
