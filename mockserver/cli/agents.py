"""``mockserver agents``: instructions for agents that work on a user's project."""

from __future__ import annotations

import re
from pathlib import Path

import click

from .common import FORMAT, CommandGroup, Output

_BEGIN, _END = "<!-- mockserver: begin -->", "<!-- mockserver: end -->"
"""The marks of our part of a user's AGENTS.md; what stands outside them is the user's."""
_FILES = {"instructions": "AGENTS.md", "skill": "SKILL.md"}


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver agents show
  mockserver agents write
  mockserver agents write --skills .claude/skills
""",
)
def agents() -> None:
    """Print or write instructions for agents that work on your project."""


@agents.command(
    epilog="""\b
Examples:
  mockserver agents show
  mockserver agents show skill
"""
)
@click.argument("what", type=click.Choice(list(_FILES)), default="instructions")
@FORMAT
def show(what: str, form: str) -> None:
    """Print the part of an AGENTS.md about tests with mockserver, or a skill file, which says more."""
    text = read_file(what)
    Output(form).show({"name": _FILES[what], "text": text}, text.rstrip("\n"))


@agents.command(
    epilog="""\b
Examples:
  mockserver agents write
  mockserver agents write --folder ../my-project --skills ../my-project/.claude/skills
"""
)
@click.option(
    "--folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="The folder of the project.  [default: this one]",
)
@click.option(
    "--skills",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder in which the project's agent looks for skills; the skill is written to mockserver/SKILL.md in it.",
)
@FORMAT
def write(folder: Path, skills: Path | None, form: str) -> None:
    """Write the instructions to the project's AGENTS.md, between two marks, and a skill file where you say.

    What else AGENTS.md has stays as it is; a later call replaces what is between the marks.
    """
    files = {folder / "AGENTS.md": with_instructions(_read(folder / "AGENTS.md"), read_file("instructions"))}
    if skills is not None:
        files[skills / "mockserver" / "SKILL.md"] = read_file("skill")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    names = [str(path) for path in files]
    Output(form).show({"files": names}, "\n".join(names))


def read_file(what: str) -> str:
    """Return the instructions or the skill, as the package has them."""
    return (Path(__file__).parent.parent / "agents" / "files" / _FILES[what]).read_text("utf-8")


def with_instructions(present: str, instructions: str) -> str:
    """Return an AGENTS.md with the instructions between the marks, at its end unless it has the marks already."""
    part = f"{_BEGIN}\n{instructions.strip()}\n{_END}"
    marked = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    if marked.search(present):
        return marked.sub(lambda _: part, present, count=1)
    return f"{present.rstrip()}\n\n{part}\n".lstrip("\n")


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
