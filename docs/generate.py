"""Write the generated parts of the documentation: `docs/reference/` and the drawing in `docs/architecture.md`.

python docs/generate.py            write them
python docs/generate.py --check    print how each file differs from what it should be; exit with 1 if any does
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from generators import (
    actions,
    catalogues,
    commands,
    control_api,
    drawing,
    faults,
    mcp_tools,
    python_api,
    settings,
    world_file,
)
from generators.markdown import page

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"
PAGES: Mapping[str, Callable[[], Iterable[str]]] = {
    "actions": actions.actions,
    "commands": commands.command_line,
    "control-api": control_api.control_api,
    "errors": catalogues.errors,
    "exit-codes": commands.exit_codes,
    "faults": faults.faults,
    "magic-numbers": catalogues.magic_numbers,
    "mcp-tools": mcp_tools.mcp_tools,
    "outcomes": catalogues.outcomes,
    "provider-sdk": python_api.provider_sdk,
    "providers-api": control_api.providers_api,
    "python": python_api.python_package,
    "quirks": catalogues.quirks,
    "routes": actions.provider_routes,
    "settings": settings.settings,
    "variants": catalogues.variants,
    "world-file": world_file.world_file,
}
"""What makes the lines of each page of `docs/reference/`."""


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with what it should hold."""
    from mockserver.cli.config import schema_text as config_schema
    from mockserver.cli.fixtures import schema_text as world_schema
    from mockserver.cli.scenario import schema_text as scenario_schema

    for name, lines in PAGES.items():
        yield REFERENCE / f"{name}.md", page(lines())
    for name, text in control_api.documents():
        yield REFERENCE / "openapi" / name, text
    yield REFERENCE / "mockserver.schema.json", f"{config_schema()}\n"
    yield REFERENCE / "scenario.schema.json", f"{scenario_schema()}\n"
    yield REFERENCE / "world.schema.json", f"{world_schema()}\n"
    architecture = DOCS / "architecture.md"
    yield architecture, drawing.with_drawing(architecture.read_text())


def main() -> None:
    """Write the files, or print how they differ."""
    made = [*files()]
    present = {path: path.read_text() if path.exists() else "" for path, _ in made}
    stale = [(path, text) for path, text in made if present[path] != text]
    if "--check" in sys.argv[1:]:
        for path, text in stale:
            name = str(path.relative_to(DOCS.parent))
            lines = unified_diff(
                present[path].splitlines(), text.splitlines(), name, f"{name} as generated", lineterm=""
            )
            sys.stderr.write("\n".join([*lines, f"{name} is not current: run make reference", ""]))
        sys.exit(bool(stale))
    for path, text in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
