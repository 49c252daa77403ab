"""Rules for every test file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from contract_tests.conftest import SMOKE

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASSERTING = {"raises", "warns", "fail", "assert_outcomes", "fnmatch_lines", "expect"}
"""What pytest and Playwright offer beside the statement."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


class Function(NamedTuple):
    """A function or method of a file."""

    name: str
    line: int
    called: frozenset[str]
    """The names of what it calls."""
    asserts: bool
    """Whether it can fail by itself."""


@cache
def functions(path: Path) -> tuple[Function, ...]:
    return tuple(described(node) for node in ast.walk(parsed(path)) if isinstance(node, FUNCTIONS))


def described(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    nodes = [*ast.walk(function)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    called = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    called |= {call.id for call in calls if isinstance(call, ast.Name)}
    asserts = any(isinstance(node, ast.Assert) for node in nodes)
    asserts = asserts or any(name in ASSERTING or name.startswith("assert_") for name in called)
    return Function(function.name, function.lineno, frozenset(called), asserts)


@cache
def imported(path: Path) -> tuple[Path, ...]:
    """The files of this project that a file imports."""
    modules = [node.module or "" for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom)]
    return tuple(ROOT / f"{name.replace('.', '/')}.py" for name in modules if name.startswith("contract_tests."))


def helpers(path: Path) -> Iterator[Path]:
    """The files whose functions a test file can call: itself, the conftest files above it, and what those import."""
    found, left = (
        set[Path](),
        [path, *(parent / "conftest.py" for parent in path.parents if parent.is_relative_to(TESTS))],
    )
    while left:
        file = left.pop()
        if file in found or not file.is_file():
            continue
        found.add(file)
        left += imported(file)
    return iter(found)


def test_every_test_asserts_something() -> None:
    without = []
    for path in sorted(TESTS.rglob("test_*.py")):
        known = [each for file in helpers(path) for each in functions(file) if not each.name.startswith("test_")]
        asserting = {each.name for each in known if each.asserts}
        while more := {each.name for each in known if each.called & asserting} - asserting:
            asserting |= more
        without += [
            f"{path.relative_to(ROOT)}:{test.line}: {test.name}"
            for test in functions(path)
            if test.name.startswith("test_") and not test.asserts and not test.called & asserting
        ]

    assert [] == without


PROGRAMS = {"golden", "fuzz", "neighbours", "soak", "torture"}
"""Folders of programs that measure a server, or wait for one to start."""


def test_no_test_sleeps_or_reads_the_clock_of_the_machine() -> None:
    """`sleep(0)` is allowed: it lets an event loop run."""
    clocks = {("time", "sleep"), ("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.is_relative_to(TESTS) and PROGRAMS.isdisjoint(path.parts)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if (node.func.value.id, node.func.attr) in clocks
        or ((node.func.value.id, node.func.attr) == ("asyncio", "sleep") and "asyncio.sleep(0)" != ast.unparse(node))
    ]

    assert [] == found


def test_the_files_of_smoke_exist() -> None:
    assert [] == [name for name in sorted(SMOKE) if not (TESTS / name).is_file()]
