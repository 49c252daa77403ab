"""The pool: which call runs when there are more calls than threads."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from queue import Queue

import pytest

from mockserver.http.pool import HEAVY_THREADS, LIGHT_THREADS, FairPool, FairThreads

PATIENCE = 30


@pytest.fixture
def one():
    with closing(FairThreads("test", threads=1, threads_for_each_key=1)) as threads:
        yield threads


def test_keys_take_turns_however_many_calls_one_of_them_has(one):
    done, gate, begun = Queue(), threading.Event(), threading.Event()
    one.run(lambda: begun.set() or gate.wait(), "a")
    begun.wait(PATIENCE)
    for number in range(3):
        one.run(partial(done.put, f"a{number}"), "a")
    one.run(partial(done.put, "b"), "b")
    one.run(partial(done.put, "c"), "c")
    gate.set()
    assert [done.get(timeout=PATIENCE) for _ in range(5)] == ["a0", "b", "c", "a1", "a2"]


def test_calls_of_one_key_leave_threads_to_the_others():
    gate, begun, done = threading.Event(), Queue(), Queue()
    with closing(FairThreads("test", threads=3, threads_for_each_key=2)) as threads:
        for _ in range(5):
            threads.run(lambda: (begun.put("a"), gate.wait()), "a")
        assert [begun.get(timeout=PATIENCE) for _ in range(2)] == ["a", "a"]
        threads.run(partial(done.put, "b"), "b")
        assert done.get(timeout=PATIENCE) == "b"
        assert begun.empty()
        gate.set()
        assert [begun.get(timeout=PATIENCE) for _ in range(3)] == ["a"] * 3


def test_two_calls_do_not_wait_for_the_same_idle_thread():
    gate, done = threading.Event(), Queue()
    with closing(FairThreads("test", threads=2, threads_for_each_key=1)) as threads:
        for _ in range(100):
            threads.run(partial(done.put, "first"), "a")
            done.get(timeout=PATIENCE)  # its thread is idle, or about to be
            threads.run(gate.wait, "a")
            threads.run(partial(done.put, "second"), "b")
            assert done.get(timeout=PATIENCE) == "second"
            gate.set()
            gate.clear()


@pytest.mark.parametrize("is_heavy", [True, False])
def test_long_calls_and_short_ones_do_not_wait_for_each_other(is_heavy):
    gate, begun, done = threading.Event(), Queue(), Queue()
    with closing(FairPool()) as pool:
        for number in range(10):
            pool.run(lambda: (begun.put(1), gate.wait()), str(number), is_heavy=is_heavy)
        for _ in range(HEAVY_THREADS if is_heavy else LIGHT_THREADS):
            begun.get(timeout=PATIENCE)
        pool.run(partial(done.put, "other"), "0", is_heavy=not is_heavy)
        assert done.get(timeout=PATIENCE) == "other"
        assert begun.empty()
        gate.set()


def test_a_call_that_fails_is_logged_and_its_thread_goes_on(one, caplog):
    done = Queue()
    one.run(lambda: 1 / 0, "a")
    one.run(partial(done.put, "next"), "a")
    assert done.get(timeout=PATIENCE) == "next"
    assert "ZeroDivisionError" in caplog.text


def test_a_closed_pool_ends_its_threads_and_drops_what_waits():
    gate, begun, done = threading.Event(), Queue(), Queue()
    threads = FairThreads("test", threads=1, threads_for_each_key=1)
    threads.run(lambda: (begun.put(threading.current_thread()), gate.wait()), "a")
    thread = begun.get(timeout=PATIENCE)
    threads.run(partial(done.put, "waited"), "a")
    threads.close()
    threads.run(partial(done.put, "late"), "a")
    gate.set()
    thread.join(PATIENCE)
    assert (thread.is_alive(), done.empty()) == (False, True)
