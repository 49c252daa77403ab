"""Every block of code in README.md and the documentation site is run, or checked as far as it can be."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import click
import pytest
import yaml
from click.testing import CliRunner
from lxml import etree

from contract_tests.project.pages import BLOCKS, PAGES, PRINTED, ROOT, Block, prose_of
from mockserver.cli import cli
from mockserver.scenario import Scenario

OWN = tuple(block for block in BLOCKS if not block.snippet)
"""Those whose code stands in the page."""
CHECKED = {"sh", "python", "console", "yaml", "toml", "json", "xml", "text", "mermaid"}
"""The languages of code that may stand in a page; of every other language it shows files that tests run."""
RECIPES = tuple(
    block
    for block in OWN
    if block.language in ("sh", "python")
    and not block.file
    and (PRINTED in block.code or "mockserver exec" in block.code)
)
PROGRAMS = tuple(block for block in OWN if block.language == "python" and block.file)
PYTEST = ("-m", "pytest", "-q", "-W", "error", "-n", "2", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest")  # fmt: skip


def titles(blocks: tuple[Block, ...]) -> list[str]:
    return [block.title for block in blocks]


def of(*languages: str) -> tuple[Block, ...]:
    return tuple(block for block in OWN if block.language in languages)


@pytest.mark.parametrize("block", RECIPES, ids=titles(RECIPES))
def test_a_recipe_does_what_its_page_shows(block: Block, base_url: str) -> None:
    program = block.code.replace(PRINTED, base_url)
    command = ["bash", "-euc", program] if block.language == "sh" else [sys.executable, "-c", program]
    ours = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where `mockserver` is
    environment = os.environ | {"PATH": ours, "MOCKSERVER_URL": base_url}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    assert (0, "") == (done.returncode, done.stderr if done.returncode else "")
    if block.shown is not None:
        assert block.shown.rstrip("\n") == done.stdout.replace(base_url, PRINTED).rstrip("\n")


@pytest.mark.parametrize("block", PROGRAMS, ids=titles(PROGRAMS))
def test_a_program_does_what_its_page_shows(block: Block, tmp_path: Path) -> None:
    for each in OWN:
        if each.page == block.page and each.file:
            (tmp_path / each.file).write_text(each.code)
    command = [sys.executable, *(PYTEST if block.file.startswith("test_") else ()), block.file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)

    assert 0 == done.returncode, done.stdout + done.stderr
    if block.shown is not None:
        assert block.shown == done.stdout


def test_there_are_recipes_and_programs() -> None:
    assert len(RECIPES) >= 10
    assert len(PROGRAMS) >= 5


EXAMPLES = [path.read_text("utf-8") for path in sorted((ROOT / "examples").rglob("*")) if path.suffix in (".py", ".md")]


def is_in_an_example(block: Block) -> bool:
    """Whether a file of an example, which has tests of its own, has this code."""
    return any(block.code in text for text in EXAMPLES)


def test_every_block_has_a_language_and_code_that_no_test_checks_is_shown_from_a_file() -> None:
    assert [] == titles(tuple(each for each in OWN if each.language not in CHECKED and not is_in_an_example(each)))


def test_every_file_that_is_shown_is_in_the_repository() -> None:
    shown = {block.snippet for block in BLOCKS if block.snippet}

    assert set() == {path for path in shown if not (ROOT / path).is_file()}


@pytest.mark.parametrize("block", of("python"), ids=titles(of("python")))
def test_a_block_of_python_has_no_error_of_syntax_or_is_a_part_of_an_example(block: Block) -> None:
    try:
        assert ast.parse(block.code).body
    except SyntaxError:
        assert is_in_an_example(block)


@pytest.mark.parametrize("block", of("sh"), ids=titles(of("sh")))
def test_a_block_of_shell_has_no_error_of_syntax(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True)

    assert (0, "") == (done.returncode, done.stderr)


def checked(file: Path) -> tuple[int, str]:
    """What `mockserver config check` says of a file: its exit code, and its errors."""
    done = CliRunner().invoke(cli, ["config", "check", str(file)])
    return done.exit_code, done.stderr


def test_a_configuration_file_with_a_key_that_does_not_exist_is_found(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text("prot = 1\n")

    assert 1 == checked(file)[0]


@pytest.mark.parametrize("block", of("yaml", "toml", "json", "xml"), ids=titles(of("yaml", "toml", "json", "xml")))
def test_a_block_of_data_is_well_formed_and_valid(block: Block, tmp_path: Path) -> None:
    match block.language:
        case "json":
            assert json.loads(block.code) is not None
        case "toml":
            assert tomllib.loads(block.code)
            if block.file == "mockserver.toml":
                (tmp_path / block.file).write_text(block.code)
                assert (0, "") == checked(tmp_path / block.file)
        case "xml":
            assert etree.fromstring(block.code.encode()) is not None
        case _:
            document = yaml.safe_load(block.code)
            assert document
            if "scenario" in document:
                (tmp_path / "scenario.yaml").write_text(block.code)
                assert Scenario.load(tmp_path / "scenario.yaml").timeline


def commands_of(text: str) -> Iterator[str]:
    """The `mockserver` commands of a line of shell, without what is piped or redirected; an image has the same name."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # a text that ends within quotes: a here-document, or a part of a longer command
        return
    command: list[str] | None = None
    first = ""
    for word in [*words, ";"]:
        if word and set(word) <= set("|&;<>()"):
            if command is not None:
                yield shlex.join(command)
            command, first = None, ""
            continue
        first = first or word
        if command is not None:
            command.append(word)
        elif word in ("mockserver", "sms-mockserver") and first not in ("docker", "podman", "pip", "pipx", "uv"):
            command = []


def parse(command: str, *, is_whole: bool = True) -> str:
    """What the command line says of a command, without running it: the message of an error, empty where there is none.

    Values may be placeholders: the names of commands and options are checked and, of a whole command, that nothing is missing.
    """
    words = shlex.split(command)
    if {"…", "..."} & set(words):
        return ""
    try:
        with patch.object(click.Context, "invoke", lambda *_, **__: None):  # parse, and call no command's function
            cli.main(words, "mockserver", standalone_mode=False)
    except click.exceptions.Exit:  # --help
        return ""
    except (click.MissingParameter, click.BadOptionUsage, click.exceptions.NoArgsIsHelpError) as error:
        return error.format_message() if is_whole or isinstance(error, click.NoSuchOption) else ""
    except click.BadParameter:
        return ""
    except click.UsageError as error:
        return error.format_message()
    return ""


COMMANDS = sorted(
    {
        (f"{block.page.relative_to(ROOT)}:{block.line}", command, True)
        for block in of("sh", "console")
        for line in block.code.replace("\\\n", " ").splitlines()
        if block.language == "sh" or line.startswith("$ ")
        for command in commands_of(line.removeprefix("$ "))
    }
    | {
        (str(page.relative_to(ROOT)), command, False)
        for page in PAGES
        for code in re.findall(r"(?<!Usage: )`((?:sms-)?mockserver [^`\n]+)`", prose_of(page))
        for command in commands_of(code)
    }
)


@pytest.mark.parametrize(
    ("command", "is_whole"),
    [pytest.param(*rest, id=f"{place}: mockserver {rest[0]}") for place, *rest in COMMANDS],
)
def test_a_command_that_a_page_shows_exists_with_its_options(command: str, is_whole: bool) -> None:
    assert "" == parse(command, is_whole=is_whole)


def test_a_command_that_does_not_exist_is_found() -> None:
    assert "No such command 'serv'." in parse("serv --port 0")
    assert "No such option" in parse("serve --prot 0")
    assert "Missing" in parse("inbound --sender 1")
    assert "" == parse("inbound", is_whole=False)


def test_every_extra_that_a_page_installs_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {
        (page.name, extra)
        for page in PAGES
        for extras in re.findall(r"sms-mockserver\[([\w,-]+)\]", page.read_text("utf-8"))
        for extra in extras.split(",")
    }

    assert named
    assert set() == {(page, extra) for page, extra in named if extra not in declared}


def test_the_page_about_installing_names_every_extra_that_is_for_users() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r"^\| `sms-mockserver\[([\w,]+)\]` \|", (ROOT / "docs/install.md").read_text(), re.MULTILINE)

    assert sorted(declared.keys() - {"test", "docs", "selection", "bench"}) == sorted(named)
