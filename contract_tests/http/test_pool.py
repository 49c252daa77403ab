"""The pool: which call runs when there are more calls than threads."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from queue import Queue

import pytest

from mockserver.fair_threads import FairThreads, Places
from mockserver.http.pool import HEAVY_THREADS, LIGHT_THREADS, WAITING_THREADS, FairPool

PATIENCE = 30


@pytest.fixture
def one():
    with closing(FairThreads("test", Places(1, 1))) as threads:
        yield threads


def test_keys_take_turns_however_many_calls_one_of_them_has(one):
    done, gate, begun = Queue(), threading.Event(), threading.Event()
    one.run("a", lambda: begun.set() or gate.wait())
    begun.wait(PATIENCE)
    for number in range(3):
        one.run("a", partial(done.put, f"a{number}"))
    one.run("b", partial(done.put, "b"))
    one.run("c", partial(done.put, "c"))
    gate.set()
    assert [done.get(timeout=PATIENCE) for _ in range(5)] == ["a0", "b", "c", "a1", "a2"]


def test_calls_of_one_key_leave_threads_to_the_others():
    gate, begun, done = threading.Event(), Queue(), Queue()
    with closing(FairThreads("test", Places(3, 2))) as threads:
        for _ in range(5):
            threads.run("a", lambda: (begun.put("a"), gate.wait()))
        assert [begun.get(timeout=PATIENCE) for _ in range(2)] == ["a", "a"]
        threads.run("b", partial(done.put, "b"))
        assert done.get(timeout=PATIENCE) == "b"
        assert begun.empty()
        gate.set()
        assert [begun.get(timeout=PATIENCE) for _ in range(3)] == ["a"] * 3


def test_four_worlds_that_another_process_has_locked_delay_no_call_for_another_world():
    gate, done = threading.Event(), Queue()
    with closing(FairPool(WAITING_THREADS)) as pool:
        for _ in range(5):
            for world in "abcd":
                pool.run(gate.wait, world, is_heavy=False)
        pool.run(partial(done.put, "other"), "e", is_heavy=False)
        assert done.get(timeout=PATIENCE) == "other"
        gate.set()


def test_two_calls_do_not_wait_for_the_same_idle_thread():
    done = Queue()
    with closing(FairThreads("test", Places(2, 1))) as threads:
        for _ in range(100):
            gate = threading.Event()
            threads.run("a", partial(done.put, "first"))
            done.get(timeout=PATIENCE)  # its thread is idle, or about to be
            threads.run("a", gate.wait)
            threads.run("b", partial(done.put, "second"))
            assert done.get(timeout=PATIENCE) == "second"
            gate.set()


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
    one.run("a", lambda: 1 / 0)
    one.run("a", partial(done.put, "next"))
    assert done.get(timeout=PATIENCE) == "next"
    assert "ZeroDivisionError" in caplog.text


def test_a_closed_pool_ends_its_threads_and_drops_what_waits():
    gate, begun, done = threading.Event(), Queue(), Queue()
    threads = FairThreads("test", Places(1, 1))
    threads.run("a", lambda: (begun.put(threading.current_thread()), gate.wait()))
    thread = begun.get(timeout=PATIENCE)
    threads.run("a", partial(done.put, "waited"))
    threads.close()
    threads.run("a", partial(done.put, "late"))
    gate.set()
    thread.join(PATIENCE)
    assert (thread.is_alive(), done.empty()) == (False, True)
