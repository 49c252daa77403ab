"""The entry of both commands and of the pytest plugin: checks that the package `mockserver` is ours before importing it.

The Python client of another product installs a package ``mockserver`` as well. Where pip has written its files over
ours, an import would mix the two; one sentence says so instead.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_SITE = Path(__file__).parent
_NAME = "sms-mockserver"
_REINSTALL = f"pip install --force-reinstall --no-deps {_NAME}"


def main() -> NoReturn:
    """Run the command line, or say why it cannot be run."""
    problem = find_problem()
    if problem is not None:
        sys.exit(f"mockserver: {problem}")
    from mockserver.cli import main as run

    run()


def __getattr__(name: str) -> object:
    """Import the pytest plugin when pytest asks for it.

    Raises:
        pytest.UsageError: the package ``mockserver`` is not ours.
    """
    if name != "pytest_plugin":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    problem = find_problem()
    if problem is not None:
        import pytest

        raise pytest.UsageError(problem)
    from mockserver.testkit import pytest_plugin

    return pytest_plugin


def find_problem() -> str | None:
    """Compare the installed package with the list of files that pip has kept of it.

    Returns:
        A sentence that names a file of another distribution, or a missing one; ``None`` when the package is ours and whole.
        A file that was edited in place is no problem.
    """
    for path in _changed_files():
        owner = _owner(path)
        if owner is not None:
            return (
                f"{path} belongs to {owner}, which installs a package named mockserver too, and one environment cannot"
                f" hold both: uninstall {owner.split()[0]}, then run {_REINSTALL}"
            )
        if not path.exists():
            return f"{path} is missing, perhaps removed together with a package that has a file of that name: run {_REINSTALL}"
    return None


def _changed_files() -> Iterator[Path]:
    """The Python files of ours that are not as they were installed, and one that would be imported in place of ours."""
    spec = PathFinder.find_spec("mockserver")
    package = _SITE / "mockserver" / "__init__.py"
    if spec is not None and spec.origin is not None and not (package.exists() and package.samefile(spec.origin)):
        yield Path(spec.origin)
    # An editable installation has no list beside this file: its files are the checkout's.
    record = next(_SITE.glob(f"{_NAME.replace('-', '_')}-*.dist-info/RECORD"), None)
    for line in record.read_text("utf-8").splitlines() if record else ():
        name, digest, size = line.rsplit(",", 2)
        if name.startswith("mockserver/") and name.endswith(".py") and not _is_unchanged(name, digest, int(size)):
            yield _SITE / name


def _is_unchanged(name: str, digest: str, size: int) -> bool:
    """Whether a file has its size, and one directly in the package its content too: to read all would slow each start."""
    path = _SITE / name
    if not path.is_file() or path.stat().st_size != size:
        return False
    if name.count("/") > 1:
        return True
    import base64
    import hashlib

    found = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    return digest == f"sha256={found}"


def _owner(path: Path) -> str | None:
    """Name and version of another distribution that has installed a file there."""
    from importlib.metadata import distributions

    for distribution in distributions():
        if distribution.name != _NAME and path in {Path(str(file.locate())) for file in distribution.files or ()}:
            return f"{distribution.name} {distribution.version}"
    return None
