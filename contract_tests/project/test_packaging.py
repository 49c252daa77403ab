"""The README's two commands on a fresh clone, and the wheel in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract_tests.project.checkout import clone

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "fixtures/documents/dialogtech/get_numbers.xml").read_bytes()
NUMBERS = "/ibp_api.php?access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY&action=sms.get_numbers"


@contextmanager
def served(command: list[str], folder: Path, **environment: str) -> Iterator[list[str]]:
    """Start a server, interrupt it as Ctrl-C does, and return what it printed."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VIRTUAL_ENV"))}
    server = subprocess.Popen(
        command, cwd=folder, env=variables | environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    lines: list[str] = []
    try:
        for line in server.stdout:
            lines.append(line)
            if line.startswith("Press Ctrl-C"):
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


def test_make_run_on_a_fresh_clone_serves_and_its_own_curl_lines_work(tmp_path: Path) -> None:
    with served(["make", "--silent", "run"], clone(tmp_path), MOCKSERVER_HTTP_PORT="0") as lines:
        curls = [line for line in lines if line.startswith("  curl ")]
        responses = [
            subprocess.run(shlex.split(line), capture_output=True, check=True, text=True).stdout for line in curls
        ]

    assert curls
    assert all(response and "failed" not in response for response in responses)
    assert any("foo / bar" in line for line in lines)
    assert any(re.fullmatch(r"  web page: http://\S+/_mock/ui/\n", line) for line in lines)


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

    wanted.add("sms_mockserver.py")

    assert set() == wanted - names
    assert set() == {name for name in names - wanted if not name.startswith("sms_mockserver-")}


@pytest.fixture(scope="module")
def pip_target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pip") / "target"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target", folder, wheel]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def installed(pip_target: Path, tmp_path: Path) -> Path:
    """A folder with the installed wheel that the test may change; its commands run with it as PYTHONPATH."""
    return shutil.copytree(pip_target, tmp_path / "installed")


COMMANDS = ("mockserver", "sms-mockserver")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_of_the_installed_wheel_serves_from_an_empty_folder(
    name: str, installed: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    command = [sys.executable, str(installed / "bin" / name), "serve", "--port", "0"]
    with served(command, empty, PYTHONPATH=str(installed)) as lines:
        url = re.search(r"http://\S+", lines[0])
        assert url is not None

        assert SAMPLE == ask(url[0] + NUMBERS)
        assert b"<title>Start" in ask(url[0] + "/_mock/ui/")
        assert b"--ground" in ask(url[0] + "/_mock/ui/static/page.css")


NEIGHBOURS = ("uvicorn==0.30.*", "fastapi", "flask==3.0.*")
"""What an application may have that our server is installed beside."""

IMPORT_EVERYTHING = """
import importlib, pkgutil
import fastapi, flask, uvicorn
import mockserver, sms_mockserver
names = [module.name for module in pkgutil.walk_packages(mockserver.__path__, "mockserver.")]
for name in names:
    if name not in ("mockserver.__main__", "mockserver.agents.tools"):  # the extra mcp needs a newer uvicorn
        importlib.import_module(name)
from importlib.metadata import version
print(version("uvicorn"), version("flask"), len(names), mockserver.__file__)
"""


def test_the_wheel_is_installed_beside_an_application_with_older_versions_and_all_of_it_is_imported(
    wheel: Path, tmp_path: Path
) -> None:
    uv = Path(sys.executable).with_name("uv")
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    # httpx and pytest are what some of our modules are for, and the others need the extras.
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, "venv"],
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            "venv",
            f"{wheel}[metrics,postgresql,testcontainers]",
            *NEIGHBOURS,
            "httpx",
            "pytest",
        ],
    ):
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)

    done = subprocess.run(
        [tmp_path / "venv/bin/python", "-c", IMPORT_EVERYTHING],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert (0, "") == (done.returncode, done.stderr)
    uvicorn, flask, modules, place = done.stdout.split()
    assert uvicorn.startswith("0.30.")
    assert flask.startswith("3.0.")
    assert int(modules) > 200
    assert place.startswith(str(tmp_path))


def install_another_package_mockserver(folder: Path) -> None:
    """Install a package like another product's client as pip does: its files replace those that are there."""
    files = {
        "mockserver/__init__.py": "raise SystemExit('the other package was imported')",
        "mockserver/client.py": "",
        "other_client-5.15.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: other-client\nVersion: 5.15.0\n",
    }
    files["other_client-5.15.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def run_with(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)


REINSTALL = "run pip install --force-reinstall --no-deps sms-mockserver"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_that_another_package_lies_over_ours(name: str, installed: Path) -> None:
    install_another_package_mockserver(installed)

    done = run_with(installed, str(installed / "bin" / name), "--help")

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr == (
        f"mockserver: {installed}/mockserver/__init__.py belongs to other-client 5.15.0, which installs a package named"
        " mockserver too, and one environment cannot hold both: uninstall other-client, then"
        f" {REINSTALL}\n"
    )


def test_pytest_says_that_another_package_lies_over_ours(installed: Path) -> None:
    install_another_package_mockserver(installed)

    done = run_with(installed, "-m", "pytest", "--co")

    assert (4, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"ERROR: {installed}/mockserver/__init__.py belongs to other-client 5.15.0, which")
    assert 1 == len(done.stderr.strip().splitlines())


def test_another_package_that_would_be_imported_in_place_of_a_checkout_is_named(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    install_another_package_mockserver(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}
    command = [sys.executable, "-c", "from sms_mockserver import main; main()"]

    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert 1 == done.returncode
    assert done.stderr.startswith(f"mockserver: {tmp_path}/site/mockserver/__init__.py belongs to other-client 5.15.0,")


def test_a_file_that_went_with_the_other_package_is_missed(installed: Path) -> None:
    (installed / "mockserver/__init__.py").unlink()

    done = run_with(installed, str(installed / "bin/mockserver"), "--help")

    assert (1, "") == (done.returncode, done.stdout)
    assert f"{installed}/mockserver/__init__.py is missing, perhaps removed together with a package" in done.stderr
    assert done.stderr.endswith(f": {REINSTALL}\n")


def test_a_file_of_ours_that_was_edited_in_place_stops_nothing(installed: Path) -> None:
    with (installed / "mockserver/__init__.py").open("a") as file:
        file.write("# a note\n")

    assert 0 == run_with(installed, str(installed / "bin/mockserver"), "--help").returncode
