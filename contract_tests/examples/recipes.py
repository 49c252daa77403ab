"""The recipes in `examples/`, each with the commands of its page in `docs/how-to/`."""

from __future__ import annotations

from typing import NamedTuple

EXEC = "mockserver exec -- "


class Recipe(NamedTuple):
    """One language's recipe."""

    folder: str
    """In `examples/`, and the name of its page."""
    command: str
    """Runs its tests."""
    passed: str
    """What is then printed, so that a run of no tests is none that passed."""
    failing: str
    """Runs the test of its folder `failing`, which lies beside the others then."""
    place: str = "."
    """Where that test lies then."""
    at_once: tuple[str, ...] = ()
    """The commands of two workers at once, or one command that starts them, on a server that is shared; without `EXEC`."""
    passed_at_once: str = ""
    """What each of them prints."""


RECIPES = (
    Recipe("pytest", "python -m pytest -n 2", "3 passed", "python -m pytest test_long_reminders.py"),
    Recipe(
        "unittest",
        "python -m unittest & python -m unittest && wait $!",
        "Ran 3 tests",
        "python -m unittest test_wrong_password",
    ),
    Recipe(
        "phpunit",
        f"{EXEC}phpunit tests",
        "OK (3 tests, 4 assertions)",
        f"{EXEC}phpunit tests/LongRemindersTest.php",
        place="tests",
        at_once=(
            "phpunit --do-not-cache-result tests/RemindersTest.php",
            "phpunit --do-not-cache-result tests/CancellationsTest.php",
        ),
        passed_at_once="OK (",
    ),
    Recipe(
        "node-test",
        f"{EXEC}node --test",
        "pass 3",
        f"{EXEC}node --test empty.test.js",
        at_once=("node --test confirmations.test.js", "node --test cancellations.test.js"),
        passed_at_once="fail 0",
    ),
    Recipe(
        "vitest",
        f"{EXEC}npx vitest run",
        "3 passed",
        f"{EXEC}npx vitest run program.test.js",
        at_once=("npx vitest run --minWorkers=2 --maxWorkers=2",),
        passed_at_once="3 passed",
    ),
    Recipe(
        "junit",
        f"{EXEC}./run-tests",
        "3 tests successful",
        f"{EXEC}./run-tests --include-classname '.*LongRemindersTest'",
        place="src/test/java/org/example",
        at_once=("./run-tests",),
        passed_at_once="3 tests successful",
    ),
    Recipe(
        "go",
        f"{EXEC}go test -v .",
        "--- PASS: TestAFailureOfTheProviderIsTold",
        f"{EXEC}go test -run Customer .",
        at_once=("go test -parallel 2 .",),
        passed_at_once="ok  \texample.org/codes",
    ),
    Recipe(
        "rspec",
        "PARALLEL_TESTS_EXECUTABLE=./mock-rspec parallel_rspec -n 2 spec",
        "3 examples, 0 failures",
        f"{EXEC}rspec spec/password_spec.rb",
        place="spec",
    ),
)
