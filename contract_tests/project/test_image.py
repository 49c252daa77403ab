"""The image: the Dockerfile's own steps are run, and then what they made, as an engine would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from contract_tests.image import BASE, Container, Image, Network, build
from contract_tests.installed import PROVIDERS

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "fixtures/documents/dialogtech/get_numbers.xml").read_text()
NUMBERS = "/ibp_api.php?access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY&action=sms.get_numbers"

pytestmark = pytest.mark.timeout(900)  # the first time, Debian is installed in a folder


@pytest.fixture(scope="module")
def image() -> Image:
    return build()


@pytest.fixture(scope="module")
def root(image: Image) -> Iterator[Path]:
    with image.root() as mounted:
        yield mounted


@pytest.fixture
def network() -> Iterator[Network]:
    with Network(f"mockserver-{os.getpid()}") as created:
        yield created


@pytest.fixture
def container(image: Image, root: Path, network: Network, tmp_path: Path) -> Container:
    user = image.config["User"]
    volume = tmp_path / "volume"
    volume.mkdir(mode=0o700)
    os.chown(volume, *map(int, user.split(":")))
    return Container(
        root, user, image.environment({}), network, image.config["WorkingDir"], {"/var/lib/mockserver": volume}
    )


@contextmanager
def started(container: Container, command: list[str]) -> Iterator[str]:
    """Run the server in the container, give its first line, and end it as `docker stop` does."""
    with subprocess.Popen(container.inside(command), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            # The first process of the container: what starts it has become it.
            (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(first), signal.SIGTERM)
            process.stdout.read()
    assert 0 == process.returncode


def test_it_serves_as_an_ordinary_user_without_rights_on_a_read_only_root(image: Image, container: Container) -> None:
    with started(container, image.command()) as line:
        assert " listens on http://127.0.0.1:7670 " in line
        assert 0 == container.run(image.health_command()).returncode
        assert SAMPLE == container.network.run(["curl", "-sS", f"http://127.0.0.1:7670{NUMBERS}"]).stdout
        assert (
            "200"
            == container.network.run(
                ["curl", "-sS", "-k", "-o", "/dev/null", "-w", "%{http_code}", f"https://127.0.0.1:7671{NUMBERS}"]
            ).stdout
        )
        token = (container.volumes or {})["/var/lib/mockserver"] / "token"
        assert (7670, 0o600) == (token.stat().st_uid, token.stat().st_mode & 0o777)

    assert 7670 == int(image.config["User"].partition(":")[0])
    assert "Read-only file system" in container.run(["touch", "/opt/mockserver/x"]).stderr
    assert "NoNewPrivs:\t1" in container.run(["cat", "/proc/self/status"]).stdout


def test_it_is_unhealthy_while_no_server_responds(image: Image, container: Container) -> None:
    done = container.run(image.health_command())

    assert (4, "") == (done.returncode, done.stdout)


def test_its_health_is_asked_at_the_port_that_it_is_given(image: Image, container: Container) -> None:
    moved = replace(container, environment=image.environment({"MOCKSERVER_HTTP_PORT": "80"}))

    with started(moved, image.command()) as line:
        assert " listens on http://127.0.0.1:80 " in line
        assert 0 == moved.run(image.health_command()).returncode


def test_it_holds_what_is_needed_and_no_tool_that_built_it(image: Image, root: Path) -> None:
    """The size is what docs/how-to/docker.md says; a new dependency that is larger is a reason to look."""
    packages = {path.name for path in (root / "opt/mockserver/lib/python3.11/site-packages").iterdir()}

    assert {"mockserver", "psycopg", "yaml"} <= packages
    assert set() == packages & {"pip", "hatchling", "pytest", "setuptools"}
    assert not (root / "src").exists()
    assert not (root / "opt/build").exists()
    assert 2 == len(image.layers)
    assert image.layers[1] < 145_000_000
    assert (root / "opt/mockserver/lib/python3.11/site-packages/mockserver/__pycache__/app.cpython-311.pyc").exists()


def test_it_runs_each_command_of_the_command_line(image: Image, container: Container) -> None:
    done = container.run(image.command("provider", "list", "--format", "json"))

    assert (0, "") == (done.returncode, done.stderr)
    assert ["dialogtech", "mgage", "serwersms"] == [each["name"] for each in json.loads(done.stdout)["providers"]]


def test_unchanged_clients_on_a_compose_network_reach_it_by_the_providers_names(
    image: Image, root: Path, container: Container, network: Network
) -> None:
    """The services of examples/compose, each as its entry says."""
    compose = yaml.safe_load((ROOT / "examples/compose/compose.yaml").read_text())
    ours, app = compose["services"]["mockserver"], compose["services"]["app"]
    aliases = dict.fromkeys(("mockserver", *ours["networks"]["default"]["aliases"]), "127.0.0.1")
    volume = (container.volumes or {})["/var/lib/mockserver"]
    server = replace(container, environment=image.environment(ours["environment"]))

    assert set(aliases) == {"mockserver", *(host for each in PROVIDERS for host in each.hosts)}
    assert {"read_only": True, "cap_drop": ["ALL"]}.items() <= ours.items()
    with image.root(BASE) as base, started(server, image.command()):
        assert 0 == server.run(image.health_command()).returncode
        program = {"/app/app.py": ROOT / "examples/compose/app.py", "/mockserver": volume}
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **app["environment"]}
        client = Container(base, "0:0", environment, network, volumes=program, hosts=aliases, has_rights=True)
        done = client.run(app["command"])

    assert (0, "queued: 1 status: queued\nnumbers: 1\n", "") == (done.returncode, done.stdout, done.stderr)
