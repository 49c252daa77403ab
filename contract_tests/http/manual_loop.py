"""An event loop with a manual clock, and a transport that is a buffer, for tests of what a connection does as time passes."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class Timer:
    def __init__(self, call):
        self.call = call

    def cancel(self):
        self.call = None


class ManualLoop:
    """The part of an event loop that a connection uses. Nothing runs until `advance` is called."""

    def __init__(self):
        self.now = 1000.0
        self.due = []
        self.numbers = count()

    def time(self):
        return self.now

    def call_later(self, delay, call, *arguments):
        timer = Timer(lambda: call(*arguments))
        heapq.heappush(self.due, (self.now + delay, next(self.numbers), timer))
        return timer

    def call_soon(self, call, *arguments):
        return self.call_later(0, call, *arguments)

    call_soon_threadsafe = call_soon

    def advance(self, seconds):
        """Let time pass, and run all that is due by then."""
        end = self.now + seconds
        while self.due and self.due[0][0] <= end:
            self.now, _, timer = heapq.heappop(self.due)
            if timer.call is not None:
                timer.call()
        self.now = end


class ManualPool:
    """A pool that runs calls when the test says so, and notes whose turn each of them takes."""

    def __init__(self):
        self.calls = []
        self.turns = []

    def run(self, call, key, *, is_heavy):
        self.calls.append(call)
        self.turns.append((key, is_heavy))

    def work(self):
        """Run the calls that wait, and those that they cause."""
        while self.calls:
            self.calls.pop(0)()


class BufferTransport(asyncio.Transport):
    """A transport without a socket that keeps what is written and notes when it is closed."""

    def __init__(self, is_tls=False):
        super().__init__({"sslcontext": object()} if is_tls else {})
        self.out = b""
        self.held = 0
        self.is_closed = False
        self.is_variant_paused = False

    def write(self, data):
        self.out += data

    def get_write_buffer_size(self):
        """What the client has not read; a test says how much that is."""
        return self.held

    def is_closing(self):
        return self.is_closed

    def close(self):
        self.is_closed = True

    abort = close

    def can_write_eof(self):
        return False

    def pause_reading(self):
        self.is_variant_paused = True

    def resume_reading(self):
        self.is_variant_paused = False
