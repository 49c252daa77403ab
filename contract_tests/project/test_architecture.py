"""What an import costs, and that no modules import each other in a circle. `make lint` checks layers and types."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def test_no_module_needs_one_that_needs_it_when_it_runs() -> None:
    graph = grimp.build_graph("mockserver", exclude_type_checking_imports=True, cache_dir=None)
    needed = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    try:
        order = [*TopologicalSorter(needed).static_order()]
    except CycleError as found:
        pytest.fail(" is imported by ".join(found.args[1]))
    assert "mockserver.app" in order


@cache
def loaded_by(program: str) -> frozenset[str]:
    """The modules that a process has loaded after a program."""
    command = [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)"]
    return frozenset(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "heavy", ["faker", "requests", "jsonschema", "fastjsonschema", "msgspec", "lxml", "flask", "httptools"]
)
def test_importing_the_package_imports_none_of_its_heavy_parts(heavy: str) -> None:
    loaded = loaded_by("import mockserver")

    assert "mockserver" in loaded
    assert heavy not in loaded


@pytest.mark.parametrize(
    "heavy", ["faker", "requests", "jsonschema", "fastjsonschema", "mockserver.worldfile.chunked_reader"]
)
def test_serving_imports_nothing_that_a_first_response_does_not_need(heavy: str) -> None:
    loaded = loaded_by("import mockserver.server, mockserver.app; mockserver.app.create_app()")

    assert "mockserver.app" in loaded
    assert heavy not in loaded


def test_the_help_imports_neither_flask_nor_httptools() -> None:
    program = (
        "import sys; from mockserver.cli import cli; cli(['--help'], standalone_mode=False);"
        "sys.exit('flask' in sys.modules or 'httptools' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL).returncode
