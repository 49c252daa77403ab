"""Write the generated parts of the documentation: `docs/reference/` and the drawing in `docs/architecture.md`.

python docs/generate.py            write them
python docs/generate.py --check    exit with 1 and name each file that is not current
"""

from __future__ import annotations

import inspect
import re
import runpy
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import grimp

DOCS = Path(__file__).parent
CLIENTS = DOCS.parent / "contract_tests" / "clients" / "vendor_methods.py"
MARKS = "<!-- drawing: begin -->", "<!-- drawing: end -->"
MADE = "<!-- Made by `make reference`. -->"


def drawing() -> str:
    """The packages of mockserver and the imports between them, as a Mermaid diagram. Imports implied by others are left out."""
    graph = grimp.build_graph("mockserver")
    edges: dict[str, set[str]] = defaultdict(set)
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            start, end = package(importer), package(imported)
            if start and end and start != end:
                edges[start].add(end)
    lines = [f"    {start} --> {end}" for start in sorted(edges) for end in sorted(direct(edges, start))]
    return "\n".join(("```mermaid", "flowchart TD", *lines, "```"))


def package(module: str) -> str:
    """The top-level part of mockserver that a module belongs to; empty for the package itself."""
    name = module.partition(".")[2].partition(".")[0]
    return "" if name.startswith("__") else name


def direct(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """What a package imports, without what it would reach through another import."""
    through: set[str] = set()
    for middle in edges[start]:
        through |= reachable(edges, middle) - {middle}
    return edges[start] - through


def reachable(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """A package and everything below it."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += edges.get(each, ())
    return found


def control_api() -> Iterator[str]:
    """Every route of the control API, from its OpenAPI description."""
    from mockserver.app import create_app

    document = create_app().test_client().get("/_mock/openapi.json").get_json()
    yield "# Control API"
    yield ""
    yield "The full description, with schemas, is served at `/_mock/openapi.json`."
    yield ""
    yield "| method | path | what it does |"
    yield "|---|---|---|"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"| {method.upper()} | `{path}` | {cell(operation['summary'])} |"


def provider_routes() -> Iterator[str]:
    """Every route of the providers that are shipped."""
    from mockserver.sdk.loading import installed_providers

    yield ""
    yield "# Providers' routes"
    yield ""
    yield "| provider | method | path |"
    yield "|---|---|---|"
    for provider in installed_providers():
        for route in provider.routes:
            yield f"| {provider.title} | {route.method} | `{route.path}` |"


def actions() -> Iterator[str]:
    """Every action of the providers that are shipped: where it is documented, what it takes, who calls it, and what tests it."""
    from mockserver.sdk.loading import installed_providers

    callers = runpy.run_path(str(CLIENTS))["CALLERS"]
    folders = [DOCS.parent / "contract_tests" / name for name in ("documents", "clients")]
    tests = {path: path.read_text() for folder in folders for path in sorted(folder.glob("test_*.py"))}
    yield "# Actions of the providers"
    yield ""
    yield "A required parameter is **bold**. The sources are the providers' documents by number, and entries of the provider's QUIRKS.md."
    for provider in installed_providers():
        operations = {**provider.operations_by_name, **dict(other_names(provider))}
        names = sorted({*operations, *provider.not_offered})
        yield ""
        yield f"## {provider.title}: {len(operations)} of {len(names)} offered"
        yield ""
        yield "| action | offered | source | parameters | clients | tests |"
        yield "|---|---|---|---|---|---|"
        for name in names:
            found = operations.get(name)
            yield (
                "| "
                + " | ".join(
                    (
                        f"`{name}`",
                        "no" if found is None else "yes",
                        "" if found is None else source(found),
                        "" if found is None else ", ".join(map(parameter, found.parameters)),
                        ", ".join(callers.get(name, ())),
                        ", ".join(path.stem for path in mentioning(name, tests)),
                    )
                )
                + " |"
            )


def other_names(provider: Any) -> Iterator[tuple[str, Any]]:
    """The operations that a provider offers under a second path, by the name that this path would have."""
    for route in provider.routes:
        name = route.path.removeprefix("/").replace("/", ".")
        if (
            len(route.operations) == 1
            and re.fullmatch(r"[a-z]+\.[a-z_]+", name)
            and not name.endswith((".json", ".xml"))
        ):
            yield name, provider.operations_by_name[route.operations[0]]


def source(operation: Any) -> str:
    """Where an operation is documented."""
    return ", ".join(each for each in (operation.source.document, operation.source.quirk) if each)


def parameter(row: Any) -> str:
    """A parameter in a table."""
    return f"**{row.name}**" if row.is_required else row.name


def mentioning(name: str, tests: Mapping[Path, str]) -> list[Path]:
    """The test files that name an action, as an operation or as a path."""
    spelled = re.compile(rf"\b{re.escape(name).replace(re.escape('.'), '[./]')}\b")
    return [path for path, text in tests.items() if spelled.search(text)]


def command_line() -> Iterator[str]:
    """Every command with its options."""
    from mockserver.cli import cli
    from mockserver.cli.common import EXIT_CODES

    yield "# Command line"
    yield ""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (f"| {int(code)} | {meaning} |" for code, meaning in EXIT_CODES.items())
    yield from command(cli, ("mockserver",))


def command(what: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    """One command, and those below it."""
    context = click.Context(what, info_name=path[-1])
    yield ""
    yield f"{'#' * min(len(path) + 1, 4)} `{' '.join(path)}`"
    yield ""
    yield cell(inspect.cleandoc(what.help or "").split("\n\n")[0])
    options = [record for param in what.get_params(context) if (record := param.get_help_record(context))]
    if options:
        yield ""
        yield from (
            f"- `{names}`: {cell(text).replace('[', chr(92) + '[')}" for names, text in options if names != "-h, --help"
        )
    if isinstance(what, click.Group):
        for name in what.list_commands(context):
            below = what.get_command(context, name)
            assert below is not None
            yield from command(below, (*path, name))


def python_names() -> Iterator[str]:
    """Every public name of the package and of the SDK, with its public methods."""
    yield "# Python"
    for module in ("mockserver", "mockserver.sdk"):
        yield ""
        yield f"## `{module}`"
        home = import_module(module)
        for name in sorted(home.__all__):
            if not name.startswith("__"):
                yield from described(name, getattr(home, name))


def described(name: str, value: object) -> Iterator[str]:
    """A public name in Markdown: what it is, and for a class its public methods and properties."""
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        yield ""
        yield f"### `{name}`"
        return
    yield ""
    yield f"### `{name}{'' if inspect.isclass(value) else signature(value)}`"
    yield ""
    yield first_sentence(value)
    if not inspect.isclass(value):
        return
    members = [
        (each, member)
        for each, member in inspect.getmembers(value)
        if not each.startswith("_")
        and (inspect.isfunction(member) or inspect.ismethod(member) or isinstance(member, property))
        if is_ours(member)
    ]
    if members:
        yield ""
    for each, member in members:
        shown = each if isinstance(member, property) else f"{each}{signature(member)}"
        yield f"- `{shown}`: {first_sentence(member)}"


def is_ours(member: Any) -> bool:
    """Whether a member is defined in mockserver, and not by a base class of a library."""
    function = member.fget if isinstance(member, property) else member
    return str(getattr(function, "__module__", "")).startswith("mockserver")


def signature(function: Any) -> str:
    """The parameters' names and defaults, without annotations: these are in the code, and differ between Pythons."""
    given = inspect.signature(function)
    plain = [
        each.replace(annotation=inspect.Parameter.empty) for each in given.parameters.values() if each.name != "self"
    ]
    text = str(given.replace(parameters=plain, return_annotation=inspect.Signature.empty))
    return re.sub(r"<([\w.]+)[^>]*>", r"\1", text)


def first_sentence(value: object) -> str:
    """The first paragraph of a docstring."""
    return cell((inspect.getdoc(value) or "").split("\n\n")[0])


def cell(text: str) -> str:
    """A text on one line, safe in a table."""
    return " ".join(text.replace("\b", "").split()).replace("|", "\\|").replace("``", "`")


def files() -> Iterator[tuple[Path, str]]:
    """Every generated file with what it should hold."""
    reference = DOCS / "reference"
    yield reference / "routes.md", page([*control_api(), *provider_routes()])
    yield reference / "actions.md", page(list(actions()))
    yield reference / "commands.md", page(list(command_line()))
    yield reference / "python.md", page(list(python_names()))
    yield reference / "scenario.schema.json", f"{scenario_schema()}\n"
    architecture = DOCS / "architecture.md"
    before, _, rest = architecture.read_text().partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    yield architecture, f"{before}{MARKS[0]}\n{drawing()}\n{MARKS[1]}{after}"


def scenario_schema() -> str:
    """The JSON Schema of scenario files, as ``mockserver scenario schema`` prints it."""
    from mockserver.cli.scenario import schema_text

    return schema_text()


def page(lines: list[str]) -> str:
    """A file of lines, with a note that it is made."""
    return "\n".join((lines[0], "", MADE, *lines[1:], ""))


def main() -> None:
    """Write the files, or say which are not current."""
    stale = [(path, text) for path, text in files() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path, _ in stale:
            sys.stderr.write(f"{path.relative_to(DOCS.parent)} is not current: run make reference\n")
        sys.exit(bool(stale))
    for path, text in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
