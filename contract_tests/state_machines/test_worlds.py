"""Several worlds are what a plain model says, whatever happens in whatever order.

More and longer runs: `STATE_MACHINES=many pytest -n 0 contract_tests/state_machines`, with another beginning each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from contract_tests.state_machines.drivers import ClientDriver, Driver, EngineDriver, SqliteClientDriver, SqliteDriver
from contract_tests.state_machines.machine import Worlds

IS_LONG = os.environ.get("STATE_MACHINES") == "many"


@pytest.mark.timeout(0 if IS_LONG else 180)
@pytest.mark.parametrize(
    ("driver", "runs", "steps"),
    [(EngineDriver, 40, 40), (SqliteDriver, 20, 40), (ClientDriver, 8, 30), (SqliteClientDriver, 4, 30)],
    ids=["the engine", "the engine on SQLite", "a server's control API", "a server's control API on SQLite"],
)
def test_worlds_are_as_in_a_model(driver: Callable[[], Driver], runs: int, steps: int) -> None:
    class Machine(Worlds):
        create_driver = driver

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=runs * 50 if IS_LONG else runs,
            stateful_step_count=steps,
            derandomize=not IS_LONG,
            deadline=None,
            database=None,
            print_blob=True,
            # Over a socket a failure takes too long to be made smaller; the engine's test mostly shows it too.
            phases=[Phase.generate, Phase.shrink] if driver in (EngineDriver, SqliteDriver) else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert runs <= Machine.ended
