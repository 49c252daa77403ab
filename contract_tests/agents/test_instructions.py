"""`mockserver agents`: instructions for agents that work on a user's project."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from contract_tests.commands import run_command
from mockserver.cli.agents import read_file

INSTRUCTIONS = read_file("instructions")
MARKED = f"<!-- mockserver: begin -->\n{INSTRUCTIONS}<!-- mockserver: end -->\n"


def test_show_prints_the_instructions_and_the_skill() -> None:
    assert (0, INSTRUCTIONS) == ((shown := run_command("agents", "show")).returncode, shown.stdout)
    assert read_file("skill") == run_command("agents", "show", "skill").stdout
    as_json = json.loads(run_command("agents", "show", "skill", "--format", "json").stdout)
    assert {"name": "SKILL.md", "text": read_file("skill")} == as_json


def test_the_skill_begins_with_its_name_and_with_when_to_use_it() -> None:
    _, header, body = read_file("skill").split("---\n", 2)
    facts = yaml.safe_load(header)

    assert {"name", "description"} == facts.keys()
    assert "mockserver" == facts["name"]
    assert len(facts["description"]) <= 1024
    assert "# Testing SMS code with mockserver" in body


def test_write_makes_an_agents_file_in_a_project_that_has_none(tmp_path: Path) -> None:
    done = run_command("agents", "write", "--folder", tmp_path)

    assert (0, f"{tmp_path / 'AGENTS.md'}\n") == (done.returncode, done.stdout)
    assert MARKED == (tmp_path / "AGENTS.md").read_text()
    assert [tmp_path / "AGENTS.md"] == [*tmp_path.iterdir()]


def test_write_keeps_what_a_project_says_and_replaces_its_own_part_alone(tmp_path: Path) -> None:
    file = tmp_path / "AGENTS.md"
    file.write_text("# Ours\n\nUse tabs.\n")
    run_command("agents", "write", "--folder", tmp_path)
    assert f"# Ours\n\nUse tabs.\n\n{MARKED}" == file.read_text()

    file.write_text(file.read_text().replace(INSTRUCTIONS, "An older text, with \\1.\n") + "\nMore of ours.\n")
    run_command("agents", "write", "--folder", tmp_path)
    assert f"# Ours\n\nUse tabs.\n\n{MARKED}\nMore of ours.\n" == file.read_text()


def test_write_puts_the_skill_where_it_is_told(tmp_path: Path) -> None:
    skills = tmp_path / ".agent" / "skills"
    done = run_command("agents", "write", "--folder", tmp_path, "--skills", skills, "--format", "json")

    assert {"files": [str(tmp_path / "AGENTS.md"), str(skills / "mockserver" / "SKILL.md")]} == json.loads(done.stdout)
    assert read_file("skill") == (skills / "mockserver" / "SKILL.md").read_text()


def test_write_does_not_make_a_project(tmp_path: Path) -> None:
    done = run_command("agents", "write", "--folder", tmp_path / "nowhere")

    assert 2 == done.returncode
    assert "does not exist" in done.stderr
