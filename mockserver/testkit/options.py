"""The options of a test's world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.validation.messages import unknown_name

if TYPE_CHECKING:
    from mockserver.client import AdminClient
    from mockserver.scenario import ScenarioRun

_OF_A_WORLD = ("fixture", "seed", "variants", "freeze", "snapshot")
"""Parameters of `AdminClient.create_world`."""
KEYS = (*_OF_A_WORLD, "scenario", "scope", "build", "real")
"""The options that a test may give: those of its world, a scenario that is replayed in it, whether other tests share it, what fills
it, and whether the test reaches the real providers."""
SCOPES = ("test", "checkpoint")
"""``test``: each test has a world of its own. ``checkpoint``: the tests of a class or module share one, which is rewound."""

_WORLDS = ("fixture", "freeze", "snapshot")
"""The options that a scenario sets itself."""


def checked(options: Mapping[str, Any], args: tuple[Any, ...] = ()) -> Mapping[str, Any]:
    """Return the options, after checking their names.

    Raises:
        ValueError: an option is unknown, with a similar one in the message; or it has no name, or is of a wrong type.
    """
    if args:
        raise ValueError(f"{args[0]!r} has no name; the options are {', '.join(KEYS)}")
    for name in options:
        if name not in KEYS:
            raise ValueError(f"{name}: {unknown_name('key', name, KEYS)}")
    if options.get("scope", "test") not in SCOPES:
        raise ValueError(f"scope: {unknown_name('scope', str(options['scope']), SCOPES)}")
    if not callable(options.get("build", checked)):
        raise ValueError(f"build: {options['build']!r} is not a function that takes a world")  # noqa: TRY004 - as below
    if "scenario" in options and ("build" in options or options.get("scope") == "checkpoint"):
        raise ValueError(
            "scenario: it is replayed in a new world for each test; give no scope='checkpoint' and no build"
        )
    if not isinstance(options.get("variants") or {}, Mapping):
        raise ValueError(f"variants: {options['variants']!r} is not a mapping, such as {{'limits': 'off'}}")  # noqa: TRY004 - one kind of error for all that a marker says wrong
    return options


def open_scenario(server: AdminClient, options: Mapping[str, Any], folder: Path) -> ScenarioRun:
    """Begin the scenario of ``options["scenario"]`` in a new world with new credentials; no step is run yet.

    Args:
        server: the server.
        options: the combined options of the test.
        folder: the folder from which the scenario's path is relative.

    Raises:
        ValueError: the file is invalid, or an option is given that the scenario sets itself.
    """
    from mockserver.scenario import Scenario, ScenarioRun

    for name in _WORLDS:
        if name in options:
            raise ValueError(f"{name}: the scenario {options['scenario']} sets it; give seed and variants at most")
    rest = {name: value for name, value in options.items() if name != "scenario"}
    return ScenarioRun(Scenario.load(folder / options["scenario"]), server, "", own_credentials=True, **rest)


def combined(nearest_first: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the options of a world; those of a nearer marker override the others, and variants are merged one by one."""
    merged: dict[str, Any] = {}
    for options in reversed(list(nearest_first)):
        variants = {**merged.get("variants", {}), **(options.get("variants") or {})}
        merged = {**merged, **options, **({"variants": variants} if variants else {})}
    return {name: merged[name] for name in (*_OF_A_WORLD, "scenario") if name in merged}
