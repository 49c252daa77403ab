"""Several worlds are what a plain model says, whatever happens in whatever order.

More and longer runs: `STATE_MACHINES=many pytest -n 0 contract_tests/state_machines`, with another beginning each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from contract_tests.postgresql import PostgreSQL
from contract_tests.state_machines.drivers import (
    ClientDriver,
    Driver,
    EngineDriver,
    ReplicasDriver,
    SqliteClientDriver,
    SqliteDriver,
)
from contract_tests.state_machines.machine import Worlds

IS_LONG = os.environ.get("STATE_MACHINES") == "many"


@pytest.mark.timeout(0 if IS_LONG else 180)
@pytest.mark.parametrize(
    ("driver", "runs", "steps"),
    [(EngineDriver, 40, 40), (SqliteDriver, 20, 40), (ClientDriver, 8, 30), (SqliteClientDriver, 4, 30)],
    ids=["the engine", "the engine on SQLite", "a server's control API", "a server's control API on SQLite"],
)
def test_worlds_are_as_in_a_model(driver: Callable[[], Driver], runs: int, steps: int) -> None:
    run(driver, runs, steps, shrinks=driver in (EngineDriver, SqliteDriver))


@pytest.mark.timeout(0 if IS_LONG else 180)
def test_worlds_of_two_processes_on_postgresql_are_as_in_a_model(postgresql: PostgreSQL) -> None:
    run(lambda: ReplicasDriver(postgresql.create_database()), 6, 30, shrinks=False)


def run(driver: Callable[[], Driver], runs: int, steps: int, *, shrinks: bool) -> None:
    """Run the machine.

    Args:
        driver: creates what it drives.
        runs: how many runs there are, each from new worlds.
        steps: the steps of each run.
        shrinks: whether a failure is made smaller. Over a socket that takes too long; the engine's test mostly shows it too.
    """

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
            phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert runs <= Machine.ended
