"""A lock for functions that load models."""

import os
import signal
import threading
import time

import pytest

from grunlp.utils.loading_lock import one_at_a_time

running: list[str] = []


@one_at_a_time
def load(name: str) -> int:
    """Return the number of functions that run meanwhile."""
    running.append(name)
    time.sleep(0.005)
    count = len(running)
    running.remove(name)
    return count


@one_at_a_time
def load_parts(name: str) -> int:
    """Call another function with the lock."""
    return load(name) + load(name)


def test_one_thread_at_a_time_loads() -> None:
    found: list[int] = []
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait()
        found.append(load_parts(name))

    threads = [threading.Thread(target=work, args=(str(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 4


def test_the_lock_is_free_after_an_error() -> None:
    @one_at_a_time
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        fail()
    thread = threading.Thread(target=load, args=("a",))
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_names_and_documentation_are_kept() -> None:
    assert load.__name__ == "load" and load.__doc__ == "Return the number of functions that run meanwhile."


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a fork in a process with threads
def test_a_process_forked_while_a_thread_loads_can_load() -> None:
    started = threading.Event()

    @one_at_a_time
    def load_slowly() -> None:
        started.set()
        time.sleep(0.2)

    thread = threading.Thread(target=load_slowly)
    thread.start()
    started.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # ends a child that waits for the lock
        os._exit(load("a"))
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
