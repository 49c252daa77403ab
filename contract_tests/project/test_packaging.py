"""The two commands of the README on a fresh clone, and the wheel from an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "fixtures/documents/dialogtech/get_numbers.xml").read_bytes()
NUMBERS = "/ibp_api.php?access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY&action=sms.get_numbers"


@contextmanager
def served(command: list[str], folder: Path, **environment: str) -> Iterator[list[str]]:
    """What a server prints until it says how it ends; it is ended as Ctrl-C does, and must like that."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VIRTUAL_ENV"))}
    server = subprocess.Popen(
        command, cwd=folder, env=variables | environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    lines: list[str] = []
    try:
        for line in server.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        assert server.poll() is None, "".join(lines)
        yield lines
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.stdout.close()
        code = server.wait(30)
    assert code in (0, -signal.SIGINT), code  # make dies of the signal, when its recipe has ended


def ask(url: str) -> bytes:
    return subprocess.run(["curl", "-sS", url], capture_output=True, check=True).stdout


def clone(target: Path) -> Path:
    """The project's files as a clone has them, with what is not committed yet."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, files)):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
            (target / name).chmod((ROOT / name).stat().st_mode)
    return target


def test_make_run_on_a_fresh_clone_serves_and_its_own_curl_lines_work(tmp_path: Path) -> None:
    with served(["make", "--silent", "run"], clone(tmp_path), MOCKSERVER_PORT="0") as lines:
        curls = [line for line in lines if line.startswith("  curl ")]
        answers = [
            subprocess.run(shlex.split(line), capture_output=True, check=True, text=True).stdout for line in curls
        ]

    assert curls
    assert all(answer and "failed" not in answer for answer in answers)
    assert any("foo / bar" in line for line in lines)
    assert any(re.fullmatch(r"  the page: http://\S+/_mock/ui/\n", line) for line in lines)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "--wheel-dir",
        folder,
        ".",
    ]
    subprocess.run(command, cwd=clone(tmp_path_factory.mktemp("source")), check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_what_it_must(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "mockserver/" + str(path.relative_to(ROOT / "mockserver"))
        for path in (ROOT / "mockserver").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {"mockserver/" + str(path.relative_to(ROOT)) for path in (ROOT / "fixtures").rglob("*") if path.is_file()}

    assert set() == wanted - names
    assert set() == {name for name in names - wanted if not name.startswith("mockserver-")}


def test_the_installed_wheel_serves_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target", installed, wheel], check=True
    )
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0"]
    with served(command, empty, PYTHONPATH=str(installed)) as lines:
        url = re.search(r"http://\S+", lines[0])
        assert url is not None

        assert SAMPLE == ask(url[0] + NUMBERS)
        assert b"<title>Conversations" in ask(url[0] + "/_mock/ui/")
        assert b"--ground" in ask(url[0] + "/_mock/ui/static/page.css")


def test_the_image_runs_what_the_interface_promises() -> None:
    text = (ROOT / "Dockerfile").read_text()

    assert text.count("\nFROM ") == 2
    assert "USER mockserver" in text
    assert "HEALTHCHECK" in text
    assert 'CMD ["serve", "--host", "0.0.0.0"]' in text
