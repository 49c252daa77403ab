"""What holds of every test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASSERTING = {"raises", "warns", "fail", "assert_outcomes", "fnmatch_lines", "expect"}
"""What pytest and Playwright offer beside the statement."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods of a file."""
    return (node for node in ast.walk(parsed(path)) if isinstance(node, FUNCTIONS))


def helpers(path: Path) -> Iterator[Path]:
    """The files whose functions a test file can call: itself, the conftest files above it, and what they import of ours."""
    found, left = (
        set[Path](),
        [path, *(parent / "conftest.py" for parent in path.parents if parent.is_relative_to(TESTS))],
    )
    while left:
        file = left.pop()
        if file in found or not file.is_file():
            continue
        found.add(file)
        left += [
            ROOT / f"{node.module.replace('.', '/')}.py"
            for node in ast.walk(parsed(file))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("contract_tests.")
        ]
    return iter(found)


def called(function: ast.AST) -> set[str]:
    """The names of what a function calls."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {
        call.attr if isinstance(call, ast.Attribute) else call.id
        for call in calls
        if hasattr(call, "attr") or hasattr(call, "id")
    }


def asserts(function: ast.AST) -> bool:
    """Whether it can fail by itself."""
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    return any(name in ASSERTING or name.startswith("assert_") for name in called(function))


def test_every_test_asserts_something() -> None:
    without = []
    for path in sorted(TESTS.rglob("test_*.py")):
        known = [
            function for file in helpers(path) for function in functions(file) if not function.name.startswith("test_")
        ]
        asserting = {function.name for function in known if asserts(function)}
        while more := {function.name for function in known if called(function) & asserting} - asserting:
            asserting |= more
        without += [
            f"{path.relative_to(ROOT)}:{test.lineno}: {test.name}"
            for test in functions(path)
            if test.name.startswith("test_") and not asserts(test) and not called(test) & asserting
        ]

    assert [] == without


def test_no_test_sleeps_or_reads_the_clock_of_the_machine() -> None:
    """But for `sleep(0)`, which lets an event loop go on."""
    clocks = {("time", "sleep"), ("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.is_relative_to(TESTS) and "golden" not in path.parts  # a program that waits for a server to start
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if (node.func.value.id, node.func.attr) in clocks
        or ((node.func.value.id, node.func.attr) == ("asyncio", "sleep") and "asyncio.sleep(0)" != ast.unparse(node))
    ]

    assert [] == found
