"""Whatever happens to several worlds, their events and their states are read from text as they were written."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from contract_tests.state_machines.drivers import EngineDriver, Recorder
from contract_tests.state_machines.machine import Worlds
from contract_tests.stores.exact import Blobs, new_codec, typed
from mockserver.engine.event_log import EventBatch


class WritingRecorder(Recorder):
    """An event log in memory that keeps what is read from the text of the events."""

    def __init__(self, blobs: Blobs) -> None:
        super().__init__()
        self._blobs, self._writer, self._reader = blobs, new_codec(), new_codec()

    def append(self, batch: EventBatch) -> None:
        text = self._writer.encode_batches((batch,), self._blobs.put)
        (read,) = self._reader.decode_batches(text, self._blobs.get)
        assert typed(batch) == typed(read)
        super().append(read)


class CodecDriver(EngineDriver):
    """The engine in this process, whose states and events are written and read after each step."""

    def __init__(self) -> None:
        super().__init__()
        self._blobs, self._writer, self._reader = Blobs(), new_codec(), new_codec()

    def create_log(self) -> Recorder:
        return WritingRecorder(self._blobs)

    def check(self, world: str) -> None:
        super().check(world)
        state = self._of(world).state
        text = self._writer.encode_state(state, self._blobs.put)
        assert typed(state) == typed(self._reader.decode_state(text, self._blobs.get))


def test_worlds_that_are_written_and_read_after_each_step_are_as_in_a_model() -> None:
    class Machine(Worlds):
        create_driver = CodecDriver

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert 10 <= Machine.ended
