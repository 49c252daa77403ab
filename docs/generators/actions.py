"""The table of the providers' actions, and their routes."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mockserver.sdk.loading import installed_providers

from .markdown import code, table

ROOT = Path(__file__).parent.parent.parent
CLIENTS = ROOT / "contract_tests" / "clients" / "vendor_methods.py"


def actions() -> Iterator[str]:
    """Every action of the providers that are shipped: where it is documented, what it takes, who calls it, and what tests it."""
    callers = runpy.run_path(str(CLIENTS))["CALLERS"]
    folders = [ROOT / "contract_tests" / name for name in ("documents", "clients")]
    tests = {path: path.read_text() for folder in folders for path in sorted(folder.glob("test_*.py"))}
    yield "# Actions of the providers"
    yield ""
    yield "A required parameter is **bold**. The sources are the providers' documents by number, and entries of the provider's QUIRKS.md."
    for provider in installed_providers():
        operations = {**provider.operations_by_name, **dict(other_names(provider))}
        names = sorted({*operations, *provider.not_offered})
        yield ""
        yield f"## {provider.title}: {len(operations)} of {len(names)} offered"
        yield from table(
            ("action", "offered", "source", "parameters", "clients", "tests"),
            (
                (
                    f"`{name}`",
                    "no" if found is None else "yes",
                    "" if found is None else source(found),
                    "" if found is None else ", ".join(map(parameter, found.parameters)),
                    ", ".join(callers.get(name, ())),
                    ", ".join(path.stem for path in mentioning(name, tests)),
                )
                for name in names
                for found in [operations.get(name)]
            ),
        )


def provider_routes() -> Iterator[str]:
    """Every route of the providers that are shipped."""
    yield "# Providers' routes"
    yield ""
    yield "The paths of the providers, on their own hosts and on this server alike. Each provider is described as OpenAPI 3.1 at `/_mock/openapi/PROVIDER.json`."
    yield "The routes of the control API are on [a page of their own](control-api.md)."
    for provider in installed_providers():
        yield ""
        yield f"## {provider.title}"
        yield ""
        yield f"Hosts: {', '.join(map(code, provider.hosts))}."
        yield from table(("method", "path"), ((route.method, code(route.path)) for route in provider.routes))


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
