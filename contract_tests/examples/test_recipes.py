"""The recipes in `examples/` do with the real tools what their pages in `docs/how-to/` say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Barrier, Lock

import flask
import pytest

from contract_tests.examples.recipes import RECIPES, Recipe
from contract_tests.fetching import CACHE, PATIENCE, fetched
from mockserver.server import MockServer

ROOT = Path(__file__).parents[2]
BY_NAME = [pytest.param(recipe, id=recipe.folder) for recipe in RECIPES]
SHARED = [pytest.param(recipe, id=recipe.folder) for recipe in RECIPES if recipe.at_once]
WORLD = re.compile(r"\b(?:w|junit-)[0-9a-f-]{10,}")


@pytest.fixture
def environment() -> dict[str, str]:
    """That of a user: `mockserver` is on the path, and nothing leads to a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKSERVER_", "PYTEST_"))}
    ours = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    slow = "-p no:schemathesis -p no:hypothesispytest"  # which a user does not have
    return kept | {"PATH": ours, "GOCACHE": str(CACHE / "go"), "PYTEST_ADDOPTS": slow, "NO_COLOR": "1"}


@pytest.fixture
def folder(recipe: Recipe, tmp_path: Path) -> Path:
    """A folder with the files of the recipe, as somebody has it who has followed the page."""
    place = tmp_path / recipe.folder
    shutil.copytree(ROOT / "examples" / recipe.folder, place, ignore=shutil.ignore_patterns("failing", "__pycache__"))
    if recipe.folder == "vitest":
        needed = json.loads((place / "package.json").read_text())["devDependencies"]["vitest"]
        npm = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "{}")
        modules = fetched(f"npm-vitest-{needed.strip('^')}", *npm, f"vitest@{needed}") / "node_modules"
        (place / "node_modules").symlink_to(modules)
    return place


def start(command: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, output


def plain(text: str) -> list[str]:
    """The lines of a text without the spaces around them, and with one name for every world."""
    return [WORLD.sub("WORLD", line.strip()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("recipe", BY_NAME)
def test_the_tests_of_a_recipe_pass(recipe: Recipe, folder: Path, environment: dict[str, str]) -> None:
    code, output = finish(start(recipe.command, folder, environment))

    assert 0 == code, output
    assert recipe.passed in output


@pytest.mark.parametrize("recipe", BY_NAME)
def test_the_failing_test_of_a_recipe_shows_what_its_page_shows(
    recipe: Recipe, folder: Path, environment: dict[str, str]
) -> None:
    failing = ROOT / "examples" / recipe.folder / "failing"
    for file in failing.iterdir():
        if file.name != "output.txt":
            shutil.copy(file, folder / recipe.place)

    code, output = finish(start(recipe.failing, folder, environment))

    shown, printed = plain((failing / "output.txt").read_text()), plain(output)
    assert 0 != code, output
    assert [] == [line for line in shown if line not in printed], output


@pytest.fixture
def meeting() -> Iterator[MockServer]:
    """A server that creates the first two worlds only when both are wanted: by two workers that run at the same time."""
    both, lock, seen = Barrier(2), Lock(), 0
    with MockServer(proxy=True) as server:

        @server.service.app.before_request
        def meet() -> None:
            nonlocal seen
            if (flask.request.method, flask.request.path) == ("POST", "/_mock/worlds"):
                with lock:
                    seen += 1
                    is_of_the_first_two = seen <= 2
                if is_of_the_first_two:
                    both.wait(PATIENCE)

        yield server


@pytest.mark.parametrize("recipe", SHARED)
def test_two_workers_of_a_recipe_at_once_have_a_world_each(
    recipe: Recipe, folder: Path, environment: dict[str, str], meeting: MockServer
) -> None:
    env = ("mockserver", "env", "--format", "json", "--server", meeting.url)
    printed = subprocess.run(env, capture_output=True, check=True, timeout=PATIENCE, env=environment).stdout
    environment |= json.loads(printed)

    workers = [start(command, folder, environment) for command in recipe.at_once]

    finished = [finish(worker) for worker in workers]
    for code, output in finished:
        assert 0 == code, output
        assert recipe.passed_at_once in output


@pytest.mark.parametrize("recipe", BY_NAME)
def test_the_page_of_a_recipe_shows_every_file_of_it_and_the_commands_that_are_tested(recipe: Recipe) -> None:
    page = (ROOT / "docs" / "how-to" / f"{PAGES.get(recipe.folder, recipe.folder)}.md").read_text("utf-8")
    examples = ROOT / "examples" / recipe.folder
    files = [path for path in examples.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    lines = {path: f'--8<-- "{path.relative_to(ROOT).as_posix()}"' for path in files}

    assert [] == [path for path, line in lines.items() if line not in page]
    assert [] == [command for command in (recipe.command, recipe.failing, *recipe.at_once) if command not in page]


PAGES = {"node-test": "node"}
"""The pages that are named otherwise than their folder."""
