"""A scenario: a world, and a timeline of what happens at which time of the world; reading and checking its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.admin.endpoint import Catalog, fault_terms, shipped, world_file_rules
from mockserver.admin.entries import entry_schema
from mockserver.admin.schemas import message_changes_schema, message_schema
from mockserver.engine.instants import LATEST, Instant, iso, parse_duration, parse_instant
from mockserver.http.fault_rules import rule_from
from mockserver.sdk.loading import installed_providers
from mockserver.sdk.provider import Provider
from mockserver.validation.json_schema import MOST_ERRORS, Schema, find_schema_errors
from mockserver.validation.messages import Place, WorldFileError, show_value, unknown_name
from mockserver.worldfile import FORMAT, decode_file, find_document_errors, upgrade

from .documents import Document, read_document
from .errors import ScenarioError
from .schema import NAMED_WORLDS, account_changes_schema, checked_schema, without_id

_Row = Mapping[str, Any]


class Step(NamedTuple):
    """A step of a timeline."""

    at: Instant | None
    """When it happens on the world's clock; ``None``: right after the step before it."""
    title: str
    text: str
    actions: Sequence[_Row]
    """What happens, in order: objects with one key each, the action's name."""


@dataclass(frozen=True)
class Scenario:
    """A scenario, as its file describes it."""

    name: str
    title: str
    about: str
    phone: str
    """The number of the handset that the page shows beside it; empty for none."""
    start: Instant
    """When the world's clock starts; it is frozen."""
    seed: str | None
    variants: Mapping[str, str]
    world: _Row
    """The content of a world file, or an object with ``fixture``."""
    receivers: Mapping[str, _Row]
    """The responses of its webhook receivers at the start, by the receivers' names."""
    timeline: Sequence[Step]
    path: Path | None = field(default=None, compare=False)
    """Its file."""

    @classmethod
    def load(cls, path: Path) -> Scenario:
        """Read a scenario file.

        Raises:
            ScenarioError: it is invalid.
        """
        document = read_document(path)
        for error in find_document_mistakes(document, path):
            raise error
        return cls._of(document.value, path)

    @classmethod
    def load_shipped(cls, path: Path, read: Callable[[Path], bytes]) -> Scenario:
        """Read a JSON file of this package, which the tests have checked."""
        document: Any = decode_file(path, read)
        return cls._of(document, path)

    @classmethod
    def _of(cls, value: _Row, path: Path) -> Scenario:
        name = value.get("name") or path.stem
        start = parse_instant(value["start"])
        return cls(
            name=name,
            title=value.get("title", name),
            about=value.get("about", ""),
            phone=value.get("phone", ""),
            start=start,
            seed=value.get("seed"),
            variants=value.get("variants", {}),
            world=_read_world(value["world"], path),
            receivers=value.get("receivers", {}),
            timeline=tuple(_step(row, start) for row in value["timeline"]),
            path=path,
        )


def _read_world(world: _Row, path: Path) -> _Row:
    if "fixture" in world:
        return world
    if "file" in world:
        decoded: _Row = upgrade(decode_file(path.parent / world["file"]))
        return decoded
    return {"format": FORMAT, **world}


def _step(row: _Row, start: Instant) -> Step:
    at = None if "at" not in row else _instant(row["at"], start)
    return Step(at, row.get("title", ""), row.get("text", ""), row.get("do", ()))


def _instant(text: str, start: Instant) -> Instant:
    if text.startswith("P"):
        moment = start + parse_duration(text)
        if moment > LATEST:
            raise ValueError(text)
        return moment
    if text[10:11] != "T":  # Python accepts any character here, and a date alone
        raise ValueError(text)
    return parse_instant(text)


def find_mistakes(path: Path) -> list[ScenarioError]:
    """Return the errors of a scenario file, the one that `Scenario.load` raises first; at most one more than `MOST_ERRORS`."""
    try:
        document = read_document(path)
    except ScenarioError as error:
        return [error]
    found: dict[Place, ScenarioError] = {}
    for each in find_document_mistakes(document, path):
        found.setdefault(each.place, each)
        if len(found) > MOST_ERRORS:
            break
    return list(found.values())


_UNQUOTED = ("is not a text", "is not an instant such as")


def find_document_mistakes(document: Document, path: Path) -> Iterator[ScenarioError]:
    """Yield the errors of a decoded scenario file."""
    providers = installed_providers()
    check = _Check(Catalog(providers.providers, providers.switches), document.value, path)
    for difference, place in check.mistakes():
        line = next(
            (document.lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in document.lines), None
        )
        is_number = document.lines and difference[:1] in "-0123456789"
        advice = "; in YAML, put it in quotes" if is_number and any(each in difference for each in _UNQUOTED) else ""
        yield ScenarioError(difference + advice, place, path, line)


_Mistake = tuple[str, Place]


class _Check:
    """The check of one scenario's document."""

    def __init__(self, catalog: Catalog, value: Any, path: Path) -> None:
        self._catalog, self._value, self._path = catalog, value, path
        self._accounts: list[str] | None = None
        """The keys of the world's accounts; ``None`` when they are not known."""
        self._start: Instant | None = None
        self._now: Instant | None = None
        self._checkpoints: list[str] = []
        """The names of the checkpoints that the steps until now make."""

    def mistakes(self) -> Iterator[_Mistake]:
        """Yield the mistakes: those of the form first, and of a valid form those of what it says."""
        is_valid = True
        for error in find_schema_errors(self._value, checked_schema(self._catalog), ()):
            is_valid = False
            yield error
        if not is_valid:
            return
        try:
            self._start = self._now = _instant(self._value["start"], 0)
        except (ValueError, OverflowError):
            yield f"{show_value(self._value['start'])} is not an instant such as '2026-06-01T12:00:00Z'", ("start",)
        yield from self._world(self._value["world"])
        for index, step in enumerate(self._value["timeline"]):
            place = ("timeline", index)
            if "at" in step:
                yield from self._moment(step["at"], (*place, "at"))
            for number, action in enumerate(step.get("do", ())):
                ((name, argument),) = action.items()
                yield from self._action(name, argument, (*place, "do", number, name))

    def _moment(self, text: str, place: Place) -> Iterator[_Mistake]:
        try:
            moment = _instant(text, self._start or 0)
        except (ValueError, OverflowError):
            wanted = "an instant such as '2026-06-01T12:00:00Z', or a duration such as 'PT90S' after the start"
            yield f"{show_value(text)} is not {wanted}", place
            return
        if self._now is not None and self._start is not None:
            if moment < self._now:
                yield f"{show_value(text)} is before {iso(self._now)}, when the step before it happens", place
            self._now = max(moment, self._now)

    def _world(self, world: _Row) -> Iterator[_Mistake]:
        for key, schema in NAMED_WORLDS.items():
            if key in world:
                mistakes = [*find_schema_errors(world, schema, ("world",))]
                yield from mistakes
                if not mistakes:
                    yield from self._fixture(world["fixture"]) if key == "fixture" else self._file(world["file"])
                return
        yield from self._content({"format": FORMAT, **world}, ("world",))

    def _fixture(self, name: str) -> Iterator[_Mistake]:
        accounts = () if name == "empty" else shipped(name, self._catalog.providers).accounts
        self._accounts = [account.key for account in accounts]
        yield from ()

    def _file(self, name: str) -> Iterator[_Mistake]:
        try:
            content = upgrade(decode_file(self._path.parent / name))
        except WorldFileError as error:
            yield f"{name}: {error}", ("world", "file")
            return
        for difference, _ in self._content(content, ()):
            yield f"{name}: {difference}", ("world", "file")
            return

    def _content(self, content: Any, place: Place) -> Iterator[_Mistake]:
        rules = world_file_rules(self._catalog.providers, self._catalog.switches)
        is_valid = True
        for error in find_document_errors(content, rules):
            is_valid = False
            if place:
                yield error.difference, (*place, *error.place)
            else:
                yield str(error), ()
        if is_valid:
            self._accounts = [f"{account['provider']}/{account['name']}" for account in content["accounts"]]

    # ------------------------------------------------------------------------------------------------------- actions

    def _action(self, name: str, argument: Any, place: Place) -> Iterator[_Mistake]:
        """Yield the mistakes of an action that the form does not show."""
        if isinstance(argument, dict) and "provider" in argument and name != "add_fault":
            mistake = self._whose(argument, place)
            if mistake is not None:
                yield mistake
                return
        checks: Mapping[str, Callable[[Any, Place], Iterator[_Mistake]]] = {
            "add_fault": self._fault,
            "store_message": self._provider_schema(message_schema),
            "change_account": self._provider_schema(account_changes_schema),
            "change_message": self._message_change,
            "add_entry": self._entry,
            "put_entry": self._entry,
            "delete_entry": self._entry,
            "receiver": self._receiver,
            "request": self._request,
            "clock": self._clock,
            "checkpoint": self._checkpoint,
            "rewind": self._rewind,
        }
        if name in checks:
            yield from checks[name](argument, place)

    def _whose(self, argument: _Row, place: Place) -> _Mistake | None:
        provider, known = argument["provider"], self._catalog.provider_names
        if provider not in known:
            return f"{show_value(provider)}: {unknown_name('provider', provider, known)}", (*place, "provider")
        if "account" in argument and self._accounts is not None:
            return self._unknown_account(f"{provider}/{argument['account']}", (*place, "account"))
        return None

    def _unknown_account(self, key: str, place: Place) -> _Mistake | None:
        if self._accounts is None or key in self._accounts:
            return None
        provider, _, name = key.partition("/")
        names = [each.partition("/")[2] for each in self._accounts if each.startswith(f"{provider}/")]
        return f"{show_value(name)}: {unknown_name(f'account of {provider}', name, names)}", place

    def _fault(self, rule: Any, place: Place) -> Iterator[_Mistake]:
        try:
            rule_from(rule, self._now or 0, fault_terms(self._catalog.providers))
        except ValueError as reason:
            where, colon, rest = str(reason).partition(": ")
            yield (rest, (*place, *where.split("."))) if colon else (where, place)

    def _provider_schema(self, schema_of: Callable[[Provider], Schema]) -> Callable[[Any, Place], Iterator[_Mistake]]:
        def check(argument: Any, place: Place) -> Iterator[_Mistake]:
            yield from find_schema_errors(
                argument, schema_of(self._catalog.provider_names[argument["provider"]]), place
            )

        return check

    def _message_change(self, argument: Any, place: Place) -> Iterator[_Mistake]:
        selected = argument["message"]
        if "provider" not in selected:
            return
        mistake = self._whose(selected, (*place, "message"))
        if mistake is not None:
            yield mistake
            return
        changes = {name: part for name, part in argument.items() if name != "message"}
        schema = message_changes_schema(self._catalog.provider_names[selected["provider"]])
        yield from find_schema_errors(changes, schema, place)

    def _entry(self, argument: Any, place: Place) -> Iterator[_Mistake]:
        provider, name = self._catalog.provider_names[argument["provider"]], argument["collection"]
        if name not in provider.collections_by_name:
            known = provider.collections_by_name
            yield f"{show_value(name)}: {unknown_name('collection', name, known)}", (*place, "collection")
        elif "entry" in argument:
            schema = without_id(entry_schema(provider, provider.collections_by_name[name]))
            yield from find_schema_errors(argument["entry"], schema, (*place, "entry"))

    def _receiver(self, argument: Any, place: Place) -> Iterator[_Mistake]:
        name, known = argument["name"], self._value.get("receivers", {})
        if name not in known:
            yield f"{show_value(name)}: {unknown_name('receiver', name, known)}", (*place, "name")

    def _request(self, argument: Any, place: Place) -> Iterator[_Mistake]:
        bodies = [name for name in ("form", "json", "body") if name in argument]
        if len(bodies) > 1:
            yield f"cannot be combined with {bodies[0]!r}", (*place, bodies[1])
        if "account" not in argument:
            if argument.get("basic"):
                yield "needs an 'account', whose login is sent", (*place, "basic")
            return
        provider = argument["account"].partition("/")[0]
        if provider not in self._catalog.provider_names:
            known = self._catalog.provider_names
            yield f"{show_value(provider)}: {unknown_name('provider', provider, known)}", (*place, "account")
        else:
            mistake = self._unknown_account(argument["account"], (*place, "account"))
            if mistake is not None:
                yield mistake

    def _checkpoint(self, name: str, _: Place) -> Iterator[_Mistake]:
        self._checkpoints.append(name)
        yield from ()

    def _rewind(self, name: str, place: Place) -> Iterator[_Mistake]:
        if name not in self._checkpoints:
            yield f"{show_value(name)}: {unknown_name('checkpoint', name, self._checkpoints)}", place

    def _clock(self, argument: Any, place: Place) -> Iterator[_Mistake]:
        if not isinstance(argument, dict):
            return
        try:
            length = parse_duration(argument["advance"])
        except (ValueError, OverflowError):
            yield f"{show_value(argument['advance'])} is not a duration such as 'PT90S'", (*place, "advance")
            return
        if self._now is not None:
            self._now += length


def placeholder(receiver: str) -> str:
    """Return the URL that stands for the one of a receiver in a scenario: its host is the receiver's name and ``.receiver``."""
    return f"http://{receiver}.receiver"


def fill(value: Any, replacements: Mapping[str, str]) -> Any:
    """Return a value of JSON with placeholders in its texts replaced."""
    if isinstance(value, str):
        for name, text in replacements.items():
            value = value.replace(name, text)
        return value
    if isinstance(value, Mapping):
        return {name: fill(part, replacements) for name, part in value.items()}
    if isinstance(value, list):
        return [fill(part, replacements) for part in value]
    return value


def first_mistakes(path: Path) -> tuple[list[ScenarioError], bool]:
    """Return the first errors of a scenario file, and whether there are more."""
    found = find_mistakes(path)
    return [*islice(found, MOST_ERRORS)], len(found) > MOST_ERRORS
