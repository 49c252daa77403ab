"""Find the installed providers by their entry points, and check each of them once.

A package registers a provider under the entry point group ``mockserver.providers``, as this one does. A provider that
cannot be imported, or that has a defect, is not served; a sentence names its package and the defect.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points

from mockserver.engine.entries import Collection
from mockserver.engine.provider_errors import Source
from mockserver.engine.world import ProviderCallbacks
from mockserver.unpatched import is_file
from mockserver.validation.messages import WorldFileError, unknown_name

from .accounts import read_accounts
from .fields import fields_schema
from .provider import Provider, Quirk

GROUP = "mockserver.providers"
"""The entry point group."""
OWN = "sms-mockserver"
"""This distribution. Of two providers with one name, its own is served."""
LIMITS = Quirk("", "limits", ("enforced", "off"))
"""The switch that every world has, for all providers with limits."""


class ProviderSet:
    """The providers of a server, and what is derived from all of them."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self.providers = tuple(providers)

    def __iter__(self) -> Iterator[Provider]:
        return iter(self.providers)

    def __len__(self) -> int:
        return len(self.providers)

    @cached_property
    def by_name(self) -> Mapping[str, Provider]:
        """The providers by name."""
        return {provider.name: provider for provider in self.providers}

    @cached_property
    def titles(self) -> str:
        """Their titles in a sentence, such as ``One, Two and Three``."""
        *others, last = [provider.title for provider in self.providers] or ["no provider"]
        return f"{', '.join(others)} and {last}" if others else last

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Every provider's host names."""
        return tuple(host for provider in self.providers for host in provider.hosts)

    @cached_property
    def switches(self) -> tuple[Quirk, ...]:
        """Every switch of a world."""
        return (LIMITS, *(quirk for provider in self.providers for quirk in provider.quirks))

    @cached_property
    def default_variants(self) -> dict[str, str]:
        """The default of every switch, by its name."""
        return {switch.name: switch.default for switch in self.switches}

    @cached_property
    def callbacks(self) -> dict[str, ProviderCallbacks]:
        """The functions that decide without a request, by the provider's name."""
        return {
            provider.name: ProviderCallbacks(
                provider.receive_inbound, provider.evaluate_attempt, provider.advance_message
            )
            for provider in self.providers
        }


@dataclass(frozen=True)
class LoadedProvider:
    """An entry point and the provider that was loaded from it."""

    entry: str
    """The entry point's name."""
    package: str
    """The name of its distribution."""
    version: str
    """The distribution's version."""
    provider: Provider | None
    """The provider; ``None`` where the import failed or gave something else."""
    problems: tuple[str, ...] = ()
    """A sentence for each defect; a provider that has one is not served."""


@cache
def load_providers() -> tuple[LoadedProvider, ...]:
    """Load and check every entry point of this environment, once for a process; those of this distribution come first."""
    return check_together([load(point) for point in sorted(entry_points(group=GROUP), key=_order)])


@cache
def installed_providers() -> ProviderSet:
    """Return the installed providers that have no defect."""
    return ProviderSet(each.provider for each in load_providers() if each.provider is not None and not each.problems)


def _order(point: EntryPoint) -> tuple[bool, str, str]:
    package = point.dist.name if point.dist else ""
    return package != OWN, package, point.name


def load(point: EntryPoint) -> LoadedProvider:
    """Import one entry point and check what it leads to."""
    package, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    where = f"provider {point.name} of {package} {version}"
    try:
        found = point.load()
    except (Exception, SystemExit) as reason:  # noqa: BLE001 - a plug-in may raise anything, and must stop no other
        return LoadedProvider(point.name, package, version, None, (f"{where} cannot be imported: {_why(reason)}",))
    if not isinstance(found, Provider):
        problem = f"{where}: {point.value} is not a Provider but {type(found).__name__}"
        return LoadedProvider(point.name, package, version, None, (problem,))
    problems = (f"{where}: {defect}" for defect in find_defects(found))
    return LoadedProvider(point.name, package, version, found, tuple(problems))


def _why(reason: BaseException) -> str:
    """Return why an import failed; for an unknown field of a `Provider` with the one that may have been meant."""
    found = re.search(r"Provider\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(reason))
    if found is not None:
        return f"{found[1]}: {unknown_name('field', found[1], [field.name for field in fields(Provider)])}"
    return f"{type(reason).__name__}: {reason}"


def check_together(loaded: Iterable[LoadedProvider]) -> tuple[LoadedProvider, ...]:
    """Add a problem to each provider that takes a name or a host of one before it."""
    owners: dict[str, str] = {}
    checked = []
    for each in loaded:
        provider, where = each.provider, f"provider {each.entry} of {each.package} {each.version}"
        problems = list(each.problems)
        if provider is not None and not problems:
            taken = [f"the name {provider.name}", *(f"the host {host}" for host in provider.hosts)]
            problems = [f"{where}: {owners[name]} has {name}" for name in taken if name in owners]
            owners |= dict.fromkeys(taken, each.package) if not problems else {}
        checked.append(LoadedProvider(each.entry, each.package, each.version, provider, tuple(problems)))
    return tuple(checked)


def find_defects(provider: Provider) -> Iterator[str]:
    """Yield the defects for which a provider is not served, in one sentence each."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", provider.name):
        yield f"its name {provider.name!r} is not a small letter followed by small letters, digits, - and _"
    for kind, names in (
        ("operations", [operation.name for operation in provider.operations]),
        ("errors", [error.__name__ for error in provider.errors]),
        ("switches", [quirk.name for quirk in provider.quirks]),
        ("collections", [collection.name for collection in provider.collections]),
    ):
        yield from (f"two {kind} are named {name}" for name, times in Counter(names).items() if times > 1)
    for operation in provider.operations:
        for error in operation.all_errors:
            if error not in provider.errors:
                yield f"its operation {operation.name} leads to {error.__name__}, which is not one of its errors"
    for name in ("schema", "quirks_file", "accounts"):
        path = getattr(provider, name)
        if path is not None and not is_file(path):
            yield f"{name}: there is no file {path}"
    yield from _defects_of_routes(provider)
    yield from _defects_of_fields(provider)
    yield from _defects_of_errors(provider)
    yield from _defects_of_switches(provider)


def _defects_of_routes(provider: Provider) -> Iterator[str]:
    for route in provider.routes:
        if not route.operations and not route.only_errors:
            yield f"its route {route.method} {route.path} leads to no operation"
        for name in route.operations:
            if name not in provider.operations_by_name:
                yield f"its route {route.method} {route.path} leads to {name}, which is not one of its operations"
    served = {name for route in provider.routes for name in route.operations}
    for name in provider.operations_by_name:
        if name not in served:
            yield f"its operation {name} has no route"


def _defects_of_fields(provider: Provider) -> Iterator[str]:
    for name in ("message_fields", "account_fields"):
        fields = getattr(provider, name)
        try:
            if fields is not None:
                fields_schema(fields)
        except (TypeError, ValueError) as reason:
            yield f"{name}: {reason}"
            return
    for collection in provider.collections:
        defect = _defect_of_collection(collection)
        if defect:
            yield f"its collection {collection.name}: {defect}"
            return
    if is_file(provider.schema) and provider.accounts is not None and is_file(provider.accounts):
        try:
            read_accounts(provider)
        except WorldFileError as reason:
            yield f"accounts: {reason}"


def _defect_of_collection(collection: Collection) -> str:
    try:
        schema = fields_schema(collection.entry)
    except (TypeError, ValueError) as reason:
        return str(reason)
    if schema["properties"].get("id", {}).get("type") not in ("integer", "string") or "id" not in schema["required"]:
        return "an entry needs an id, a whole number or a text"
    if not collection.entry.__struct_config__.frozen:
        return "its entries are not frozen"
    return ""


def _defects_of_errors(provider: Provider) -> Iterator[str]:
    for error in provider.errors:
        if not isinstance(getattr(error, "source", None), Source):
            yield f"its error {error.__name__} has no source: documented(…) or assumed(…)"
    for error in provider.routing_errors.values():
        if error not in provider.errors:
            yield f"routing_errors names {error.__name__}, which is not one of its errors"


def _defects_of_switches(provider: Provider) -> Iterator[str]:
    for quirk in provider.quirks:
        if not quirk.name.startswith(f"{provider.name}."):
            yield f"its switch {quirk.name} does not begin with {provider.name}."
        if not quirk.variants:
            yield f"its switch {quirk.name} has no variants"
