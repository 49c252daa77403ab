"""What other projects' CI uses: the action, run as GitHub's runner does, and the jobs for GitLab, run as its runner does."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.image import Network
from contract_tests.project.checkout import clone

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "examples/gitlab-ci/mockserver.gitlab-ci.yml").read_text())
SEND = "curl -sS https://api2.serwersms.pl/messages/recived.json -d username=Login -d password="
NOT_OURS = ("PYTEST_", "MOCKSERVER_", "GITHUB_", "CI_", "VIRTUAL_ENV")


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}


@dataclass
class Runner:
    """GitHub's runner, as far as an action can tell: the files that it writes to, and the steps that read them."""

    folder: Path
    environment: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)

    def run_action(self, action: Path, stage: str, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the action's program of this stage with its inputs, and take over what it tells the runner."""
        files = {name: self.folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE")}
        for file in files.values():
            file.write_text("")
        inputs = {name: str(declared.get("default", "")) for name, declared in ACTION["inputs"].items()} | given
        variables = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
        variables |= {f"STATE_{name}": value for name, value in self.state.items()}
        variables |= {name: str(file) for name, file in files.items()}
        variables |= {
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_ACTION_REF": "v1.2.3",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
        }
        program = action / ACTION["runs"][stage]
        done = subprocess.run(["node", program], env=self.environment | variables, capture_output=True, text=True)
        told = {name: read_told(file.read_text()) for name, file in files.items()}
        self.environment |= told["GITHUB_ENV"]
        for path in files["GITHUB_PATH"].read_text().splitlines():
            self.environment["PATH"] = f"{path}{os.pathsep}{self.environment['PATH']}"
        self.outputs |= told["GITHUB_OUTPUT"]
        self.state |= told["GITHUB_STATE"]
        return done

    def run_step(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a step of the workflow, with a shell as the runner does."""
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, cwd=self.folder)


def read_told(text: str) -> dict[str, str]:
    """Read what was written to one of the runner's files: NAME<<MARK, the value's lines, MARK."""
    return {
        match[1]: match[3] for match in re.finditer(r"^([\w-]+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
    }


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as GitHub downloads it for a workflow: without git."""
    return clone(tmp_path_factory.mktemp("action"))


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    created = Runner(tmp_path, clean_environment())
    yield created
    ready = tmp_path / "mockserver/ready.json"
    if ready.exists():
        os.kill(json.loads(ready.read_text())["pid"], signal.SIGTERM)


@pytest.mark.timeout(400)  # it installs what is locked
def test_the_action_leads_unchanged_clients_to_the_mock_and_shows_what_they_sent_when_a_step_fails(
    action: Path, runner: Runner
) -> None:
    given = {"redirect": "true", "arguments": "--freeze '2026-06-01T12:00:00Z'", "python": sys.executable}

    started = runner.run_action(action, "main", given)

    assert (0, f"The mock server listens on {runner.outputs['url']}\n") == (started.returncode, started.stdout), started
    assert runner.outputs.keys() == ACTION["outputs"].keys()
    assert "mockserver, version 1.2.3\n" == runner.run_step("mockserver --version").stdout
    assert '"now": "2026-06-01T12:00:00Z"' in runner.run_step("mockserver clock show --format json").stdout
    assert "python" not in {path.name for path in (runner.folder / "mockserver/bin").iterdir()}
    assert '{"items":[' == runner.run_step(f"{SEND}Haslo").stdout[:10]
    failed = runner.run_step(f"{SEND}wrong | grep --quiet '\"items\"'")
    assert 1 == failed.returncode

    report = runner.run_action(action, "post", given)

    assert (0, "") == (report.returncode, report.stderr)
    shown, summary = report.stdout, (runner.folder / "summary.md").read_text()
    assert shown.startswith("::group::Requests to the mock server in world default\nworld default: 2 exchanges\n")
    assert "  rejected by InvalidUser: Incorrect login or password\n" in shown
    assert shown.endswith("::endgroup::\n")
    assert summary.startswith(
        "### Requests to the mock server in world default\n\n~~~~text\nworld default: 2 exchanges\n"
    )


def test_the_action_fails_where_its_environment_cannot_be_made(action: Path, runner: Runner) -> None:
    ours = runner.folder / "python"
    ours.write_text('#!/bin/sh\necho "no module venv" >&2\nexit 1\n')
    ours.chmod(0o755)

    done = runner.run_action(action, "main", {"python": str(ours)})

    assert 1 == done.returncode
    assert done.stderr.startswith("no module venv\n")
    assert {} == runner.outputs


def run_job(job: Mapping[str, Any], folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a job's lines as GitLab's runner does: those before the script and the script's in one shell."""
    lines = [*job.get("before_script", ()), *job.get("script", ())]
    environment = clean_environment() | {name: str(value) for name, value in job["variables"].items()} | given
    command = ["bash", "-eo", "pipefail", "-c", "\n".join(lines)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)


@pytest.mark.timeout(400)
def test_gitlabs_job_runs_a_command_whose_requests_reach_the_mock_and_keeps_what_it_sent(
    action: Path, tmp_path: Path
) -> None:
    job = GITLAB[".mockserver-exec"]

    done = run_job(job, tmp_path, MOCKSERVER_PACKAGE=str(action), COMMAND=f"{SEND}Haslo && {SEND}wrong && exit 7")

    assert 7 == done.returncode, done
    assert '{"items":[' == done.stdout[:10]
    (kept,) = job["artifacts"]["paths"]
    assert [" messages.recived", " messages.recived InvalidUser"] == [
        re.sub(r".* 200( \S+(?: InvalidUser)?).*", r"\1", line)
        for line in (tmp_path / kept).read_text().splitlines()
        if "messages.recived" in line
    ]


@contextmanager
def service(network: Network, variables: Mapping[str, str]) -> Iterator[None]:
    """Run the server in the network as the image does, with the job's variables."""
    command = network.inside([str(Path(sys.executable).with_name("mockserver")), "serve", "--host", "0.0.0.0"])
    with subprocess.Popen(command, env=clean_environment() | variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()
            process.stdout.read()


def test_gitlabs_service_is_where_the_job_looks_for_it_and_shows_what_it_got_when_the_job_fails(tmp_path: Path) -> None:
    job = GITLAB[".mockserver-service"]
    (described,) = job["services"]
    variables = {name: str(value) for name, value in job["variables"].items()}
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {described['alias']}\n")

    def run_lines(network: Network, *lines: str, **given: str) -> subprocess.CompletedProcess[str]:
        script = "\n".join((f"mount --bind {hosts} /etc/hosts", *lines))
        command = network.inside(["unshare", "--mount", "bash", "-eo", "pipefail", "-c", script])
        return subprocess.run(
            command, env=clean_environment() | variables | given, capture_output=True, text=True, cwd=tmp_path
        )

    with Network(f"gitlab-{os.getpid()}") as network, service(network, variables):
        sent = run_lines(
            network, 'curl -sS "$MOCKSERVER_URL/messages/recived.json" -d username=Login -d password=wrong'
        )
        passed = run_lines(network, *job["after_script"], CI_JOB_STATUS="success")
        failed = run_lines(network, *job["after_script"], CI_JOB_STATUS="failed")

    assert '{"error":{"code":1001' == sent.stdout[:21]
    assert (0, "", "") == (passed.returncode, passed.stdout, passed.stderr)
    assert failed.stdout.startswith("world default: 1 exchange\n")
    assert "  rejected by InvalidUser: Incorrect login or password\n" in failed.stdout
