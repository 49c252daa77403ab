"""MockServerContainer, with Testcontainers and Docker's own client as they are."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest
from docker.errors import ImageNotFound
from testcontainers.core.config import ConnectionMode, testcontainers_config

from contract_tests.project.docker_engine import DockerEngine
from mockserver.testkit.testcontainers import IMAGE, MockServerContainer

QUESTION = "/ibp_api.php?access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY&action=sms.get_numbers"
EXAMPLE = Path(__file__).parents[2] / "examples/testcontainers/test_parcel.py"
SAMPLE = (Path(__file__).parents[2] / "fixtures/documents/dialogtech/get_numbers.xml").read_bytes()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerEngine]:
    # The container that removes those of tests that were killed: an image of another project.
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    # Whether this process itself runs in a container is not asked.
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
    with DockerEngine(tmp_path, {IMAGE, "registry.example/sms-mockserver:1"}) as running:
        monkeypatch.setenv("DOCKER_HOST", running.url)
        yield running


def test_the_server_is_ready_when_the_block_begins_and_removed_at_its_end(engine: DockerEngine) -> None:
    with MockServerContainer() as container:
        with urlopen(container.get_url() + QUESTION) as response:
            assert SAMPLE == response.read()
        trusted = ssl.create_default_context(cadata=container.get_certificate())
        with urlopen(container.get_https_url() + QUESTION, context=trusted) as response:
            assert SAMPLE == response.read()
        (process,) = engine.running.values()

    assert {} == engine.running
    assert 0 == process.returncode


def test_its_client_creates_worlds_and_reads_their_journal(engine: DockerEngine) -> None:
    with MockServerContainer() as container:
        world = container.get_mock().create_world(id="mine")
        urlopen(f"{container.get_url()}/_w/mine{QUESTION}").close()

        assert ["sms.get_numbers"] == [exchange.operation for exchange in world.journal()]


def test_two_containers_have_tokens_of_their_own(engine: DockerEngine) -> None:
    with MockServerContainer() as first, MockServerContainer() as second:
        assert first.token != second.token
        assert first.get_url() != second.get_url()


def test_the_server_is_set_up_by_variables(engine: DockerEngine) -> None:
    settings = {"MOCKSERVER_FREEZE": "2026-06-01T12:00:00Z", "MOCKSERVER_TOKEN": "ours"}

    with MockServerContainer("registry.example/sms-mockserver:1", settings=settings) as container:
        assert "ours" == container.token
        assert datetime(2026, 6, 1, 12, tzinfo=UTC) == container.get_mock().world.clock.now


def test_an_image_that_is_not_there_is_told_by_the_engines_own_error(engine: DockerEngine) -> None:
    with pytest.raises(ImageNotFound), MockServerContainer("nothing"):
        pass


def test_the_example_in_python_passes_in_two_processes_at_the_same_time(engine: DockerEngine, tmp_path: Path) -> None:
    environment = os.environ | {
        "TESTCONTAINERS_RYUK_DISABLED": "true",
        "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
        "DOCKER_HOST": engine.url,
    }
    shutil.copy(EXAMPLE, tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE.name]

    runs = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]

    assert [0, 0] == [run.wait() for run in runs], [run.communicate()[0] for run in runs]
    assert 2 == len(engine.created)
    for run in runs:
        run.communicate()


WITHOUT_TESTCONTAINERS = """
import sys

class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "testcontainers":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent)
import mockserver.testkit.testcontainers
"""


def test_without_the_package_testcontainers_the_import_says_how_to_install_it() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_TESTCONTAINERS], capture_output=True, text=True)

    assert (
        "ModuleNotFoundError: No module named 'testcontainers': pip install 'sms-mockserver[testcontainers]'"
        == done.stderr.splitlines()[-1]
    )
