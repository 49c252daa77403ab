"""The workflow that notices when the provider changes, run step by step against a server that plays the provider."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from mockserver.har.reader import read_har_file
from mockserver.server import MockServer
from mockserver.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "examples/drift"
HOST = "api2.serwersms.pl"
STEPS = {
    step["name"]: step["run"]
    for step in yaml.safe_load((EXAMPLE / "drift.yml").read_text())["jobs"]["drift"]["steps"]
    if "run" in step and step["name"] != "Install"
}
CORPUS, RECORD, REPLAY, EXPLAIN = STEPS


@pytest.fixture
def provider(tmp_path):
    with MockServer(https=True, settings=Settings(port=0, ca=tmp_path / "ca")) as server:
        yield server


@pytest.fixture
def run(provider, tmp_path):
    """Run a step as GitHub's runner does, in a project that has the example's files."""
    project = tmp_path / "project"
    (project / "drift").mkdir(parents=True)
    shutil.copy(EXAMPLE / "record.sh", project / "drift")
    ours = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = {
        "PATH": ours,
        "SERWERSMS_USERNAME": "Login",
        "SERWERSMS_PASSWORD": "Haslo",
        "MOCKSERVER_UPSTREAMS": f"{HOST}={provider.https_url}",
        "MOCKSERVER_UPSTREAM_CA": str(provider.ca.certificate),
    }

    def step(script, found=""):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        environment = os.environ | variables | {"VARIANTS": found}
        return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, timeout=120)

    step.project = project
    return step


def test_the_workflow_passes_while_the_provider_is_the_same_and_fails_with_the_quirk_when_it_changes(run, provider):
    corpus = run(STEPS[RECORD].replace("drift/today/traffic.har", "drift/corpus/reads.har"))
    assert 0 == corpus.returncode, corpus.stderr
    assert 5 == len(list(read_har_file(run.project / "drift/corpus/reads.har")))
    assert "500600700" not in (run.project / "drift/corpus/reads.har").read_text()

    for name in (CORPUS, RECORD, REPLAY):
        done = run(STEPS[name])
        assert 0 == done.returncode, done.stdout + done.stderr

    provider.world.variants.set({"serwersms.zone": "UTC"})
    (run.project / "drift/today/traffic.har").unlink()
    assert 0 == run(STEPS[CORPUS]).returncode
    assert 0 == run(STEPS[RECORD]).returncode
    failed = run(STEPS[REPLAY])

    assert 1 == failed.returncode
    assert (
        "\nexplained: SW-11: with serwersms.zone=UTC there is no difference in the exchange that differs\n"
        in failed.stdout
    )
    assert ["1"] == [each.get("failures") for each in ElementTree.parse(run.project / "today.xml").iter("testsuite")]
    explained = run(STEPS[EXPLAIN])
    assert (0, True) == (explained.returncode, "serwersms.zone" in explained.stdout), explained.stderr
    assert 0 == run(STEPS[REPLAY], "--variant serwersms.zone=UTC").returncode


def test_a_corpus_that_is_not_there_fails(run):
    (run.project / "drift/corpus").mkdir()

    assert 2 == run(STEPS[CORPUS]).returncode


def test_the_workflow_records_only_with_credentials():
    steps = {
        step.get("name"): step for step in yaml.safe_load((EXAMPLE / "drift.yml").read_text())["jobs"]["drift"]["steps"]
    }

    assert "env.SERWERSMS_PASSWORD != ''" in steps[RECORD]["if"]
    assert "steps.record.outcome == 'success'" in steps[REPLAY]["if"]
    assert "if" not in steps[CORPUS]
