"""No module outside a provider's own folder names a provider."""

from __future__ import annotations

import re
from pathlib import Path

from mockserver.sdk.loading import installed_providers

PACKAGE = Path(__file__).parents[2] / "mockserver"

EXAMPLE = {
    "cli": re.compile(r"^(  |.*\bExample: )mockserver "),
    "ui": re.compile(r'<pre class="command" id="[a-z-]+" tabindex="0">mockserver '),
    "admin": re.compile(r'^        "provider": "[a-z]+",$'),
    "agents": re.compile(""),
}
"""Lines that a reader copies, by package: of a command's help, of a section that is empty, of a body in the OpenAPI document, and of
the instructions for agents. A test runs each against the default world, which holds accounts of ours."""


def words() -> set[str]:
    """The words that identify a provider: its name, its title, and the registered names of its hosts."""
    providers = list(installed_providers())
    assert providers
    names = {word for provider in providers for word in (provider.name, provider.title.lower())}
    return names | {host.split(".")[-2] for provider in providers for host in provider.hosts}


def is_allowed(path: Path, line: str) -> bool:
    place = path.relative_to(PACKAGE).parts[0]
    # A demonstration plays what a certain provider's document says; it is chosen by name in a list of its own.
    if place == "agents" and path.suffix != ".md":
        return False
    return place in ("providers", "demo") or (place in EXAMPLE and EXAMPLE[place].search(line) is not None)


def test_no_line_outside_the_providers_names_one() -> None:
    name = re.compile("|".join(map(re.escape, sorted(words()))), re.IGNORECASE)
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8", errors="ignore").splitlines(), 1)
        if name.search(line) and not is_allowed(path, line)
    ]

    assert [] == found


def test_what_would_give_a_provider_away_is_searched_for() -> None:
    assert {"dialogtech", "ifbyphone", "mgage", "serwersms"} == words()
