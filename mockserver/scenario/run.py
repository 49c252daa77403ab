"""A run of a scenario: its world, and one step after another. What each step did is the transcript.

The world's clock is frozen and moves only as the timeline says, and after each action everything that is due then is
awaited. So the same file gives the same transcript, byte for byte, but for a scenario whose last action lets the clock tick.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from mockserver.client import AdminClient, ControlError, WorldClient
from mockserver.client.connections import Connections
from mockserver.client.exchanges import unmet_sentences
from mockserver.client.transport import format_difference
from mockserver.engine.instants import iso
from mockserver.validation.messages import Place

from .errors import ScenarioError
from .file import Scenario, Step, fill, placeholder
from .receiver import Receiver
from .transcript import Transcript, in_order

_PATIENCE = 30.0
"""Seconds on the wall clock that a response of the server may take, and all that is due at one instant."""


class StepResult(NamedTuple):
    """A completed step of a run."""

    number: int
    """Its number in the timeline, from 1."""
    at: str
    """The world's instant afterwards, ISO 8601."""
    title: str
    text: str
    actions: tuple[Mapping[str, Any], ...]
    """The actions as the file has them, each with its ``response`` if it was a request."""
    events: tuple[Mapping[str, Any], ...]
    """What happened in the world, as JSON of the control API, without what differs between two runs."""
    unmet: tuple[str, ...] = ()
    """The expectations that were not met, as sentences; empty when all were."""

    def row(self) -> dict[str, Any]:
        """Return it as JSON, a line of the transcript."""
        return {
            "step": self.number,
            "at": self.at,
            "title": self.title,
            "text": self.text,
            "actions": [*self.actions],
            "events": [*self.events],
            **({"unmet": [*self.unmet]} if self.unmet else {}),
        }


class ScenarioRun:
    """One run of a scenario. It must not be used by several threads at once; in a ``with`` block it is closed at the end."""

    def __init__(
        self,
        scenario: Scenario,
        server: AdminClient,
        world_id: str | None = None,
        *,
        own_credentials: bool = False,
        **options: Any,
    ) -> None:
        """Create the scenario's world, or set it back to the beginning if it exists.

        Args:
            scenario: the scenario.
            server: the server to run it on. A server on another machine cannot call the scenario's receivers.
            world_id: the id of its world; the scenario's name when ``None``, and a new id when it is empty.
            own_credentials: whether the world gets new credentials instead of the file's, which another world may have.
            options: ``seed`` and ``variants`` in place of the scenario's, as for `AdminClient.create_world`.

        Raises:
            ControlError: the server rejects the world.
            NoServer: no server responds.
        """
        self.scenario = scenario
        self.steps: list[StepResult] = []
        """The completed steps."""
        self._receivers = {name: Receiver(**answer) for name, answer in scenario.receivers.items()}
        self._response: Mapping[str, Any] | None = None
        self._is_closed = False
        with ExitStack() as opened:
            self._urls = {
                placeholder(name): opened.enter_context(receiver).url for name, receiver in self._receivers.items()
            }
            id_ = scenario.name if world_id is None else world_id or None
            self.world = _open_world(server, scenario, id_, own_credentials, options, self._urls)
            """The scenario's world."""
            self._transcript = Transcript(self.world, server.transport.url, self._urls)
            self._cursor = self.world.cursor
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        """Return the run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the run."""
        self.close()

    @property
    def is_over(self) -> bool:
        """Whether no step is left, or the run was closed."""
        return self._is_closed or len(self.steps) == len(self.scenario.timeline)

    def run_next(self) -> StepResult | None:
        """Run the next step and return it; ``None`` if no step is left. The run is closed after the last one.

        Raises:
            ScenarioError: the server rejects an action, or the step's time is past.
            NoServer: the server stopped responding.
        """
        if self.is_over:
            return None
        index = len(self.steps)
        result = self._run(self.scenario.timeline[index], index)
        self.steps.append(result)
        if len(self.steps) == len(self.scenario.timeline):
            self.close()
        return result

    def run_rest(self) -> Iterator[StepResult]:
        """Run the remaining steps and yield each when it is done; after one with an expectation that is not met, none."""
        while (step := self.run_next()) is not None:
            yield step
            if step.unmet:
                return

    def replay(self) -> Self:
        """Run the remaining steps.

        Raises:
            AssertionError: an expectation is not met.
        """
        for step in self.run_rest():
            if step.unmet:
                raise AssertionError(f"step {step.number} of {self.scenario.name}: {'; '.join(step.unmet)}")
        return self

    def close(self) -> None:
        """End the run and stop its receivers; the world is kept."""
        if not self._is_closed:
            self._is_closed = True
            self._opened.close()

    def _run(self, step: Step, index: int) -> StepResult:
        if step.at is not None:
            self._advance(step.at, ("timeline", index, "at"))
        actions: list[Mapping[str, Any]] = []
        unmet: list[str] = []
        for number, action in enumerate(step.actions):
            ((name, argument),) = action.items()
            place: Place = ("timeline", index, "do", number, name)
            try:
                found = _ACTIONS[name](self, fill(argument, self._urls))
                self._settle()
            except (ControlError, LookupError) as reason:
                text = reason.message if isinstance(reason, ControlError) else str(reason)
                raise ScenarioError(text, place, self.scenario.path) from reason
            if name == "expect":
                unmet += found
            response = {"response": self._transcript.clean(found)} if name == "request" else {}
            actions.append({**action, **response})
        self._settle()
        page = self.world.events(since=self._cursor)
        self._cursor = page.cursor
        events = self._transcript.clean_events(page.rows)
        at = iso_of(self.world)
        return StepResult(index + 1, at, step.title, step.text, tuple(actions), tuple(in_order(events)), tuple(unmet))

    def _advance(self, at: int, place: Place) -> None:
        wanted, now = iso(at), iso_of(self.world)
        if wanted == now:
            return
        try:
            self.world.clock.advance(to=wanted)
        except ControlError as reason:
            raise ScenarioError(f"{wanted} is before {now}, the world's time", place, self.scenario.path) from reason
        self._settle()

    def _settle(self) -> None:
        """Wait until nothing is due now."""
        result = self.world.wait_until_idle(timeout=_PATIENCE)
        if not result:
            raise LookupError(f"the world was not idle within {_PATIENCE:g} seconds: {result}")


def iso_of(world: WorldClient) -> str:
    """Return a world's instant in ISO 8601."""
    row: Mapping[str, Any] = world.clock.show().row
    now: str = row["now"]
    return now


def _open_world(
    server: AdminClient,
    scenario: Scenario,
    world_id: str | None,
    own_credentials: bool,
    options: Mapping[str, Any],
    urls: Mapping[str, str],
) -> WorldClient:
    """Return the scenario's world as it begins. An existing one is not dropped if it can be loaded, for a browser may show it."""
    freeze = iso(scenario.start)
    seed = options.get("seed") or scenario.seed or scenario.world.get("seed") or scenario.name
    variants = {**scenario.variants, **options.get("variants", {})}
    content = None if "fixture" in scenario.world else fill(dict(scenario.world), urls)
    if world_id is not None and _exists(server, world_id):
        world = server.get_world(world_id)
        if content is None:
            world.drop()
        else:
            document = {
                **content,
                "seed": seed,
                "variants": {**content.get("variants", {}), **variants},
            }
            world.restore(document, own_credentials=own_credentials)
            world.faults.clear()
            world.reset(freeze=freeze)
            return world
    return server.create_world(
        None if content is not None else scenario.world["fixture"],
        snapshot=content,
        id=world_id,
        freeze=freeze,
        seed=seed,
        variants=variants or None,
        own_credentials=own_credentials,
    )


def _exists(server: AdminClient, world_id: str) -> bool:
    try:
        server.get_world(world_id).show()
    except ControlError as reason:
        if reason.code != "not_found":
            raise
        return False
    return True


# ------------------------------------------------------------------------------------------------------------- actions


def _inbound(run: ScenarioRun, fields: Mapping[str, Any]) -> None:
    run.world.inbound(**fields)


def _store_message(run: ScenarioRun, row: Mapping[str, Any]) -> None:
    run.world.store(**row)


def _change_message(run: ScenarioRun, argument: Mapping[str, Any]) -> None:
    changes = {name: value for name, value in argument.items() if name != "message"}
    run.world.change_message(_find_message(run, argument["message"]), **changes)


def _delete_message(run: ScenarioRun, selected: Mapping[str, Any]) -> None:
    run.world.delete_message(_find_message(run, selected))


def _find_message(run: ScenarioRun, selected: Mapping[str, Any]) -> int:
    found = _messages(run, selected)
    if not found:
        raise LookupError(f"the world has no message with {_in_words(selected)}")
    serial: int = found[-1]["serial"]
    return serial


def _messages(run: ScenarioRun, selected: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = (message.row for message in run.world.messages(selected.get("provider"), selected.get("account")))
    return [row for row in rows if _is_like(row, selected)]


def _is_like(row: Mapping[str, Any], selected: Mapping[str, Any]) -> bool:
    return all(row.get(name, "") == value for name, value in selected.items())


def _in_words(selected: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in selected.items()) or "any content"


def _change_account(run: ScenarioRun, argument: Mapping[str, Any]) -> None:
    changes = {name: value for name, value in argument.items() if name not in ("provider", "account")}
    run.world.change_account(argument["provider"], argument["account"], **changes)


def _add_entry(run: ScenarioRun, argument: Mapping[str, Any]) -> None:
    run.world.add_entry(**argument)


def _put_entry(run: ScenarioRun, argument: Mapping[str, Any]) -> None:
    run.world.put_entry(**_with_entry_id(argument))


def _delete_entry(run: ScenarioRun, argument: Mapping[str, Any]) -> None:
    run.world.delete_entry(**_with_entry_id(argument))


def _with_entry_id(argument: Mapping[str, Any]) -> dict[str, Any]:
    return {("entry_id" if name == "id" else name): value for name, value in argument.items()}


def _choose_variants(run: ScenarioRun, variants: Mapping[str, str]) -> None:
    run.world.variants.set(variants)


def _add_fault(run: ScenarioRun, rule: Mapping[str, Any]) -> None:
    run.world.faults.add_rule(rule)


def _remove_fault(run: ScenarioRun, rule_id: str) -> None:
    run.world.faults.remove(rule_id)


def _clear_faults(run: ScenarioRun, _: bool) -> None:
    run.world.faults.clear()


def _make_checkpoint(run: ScenarioRun, name: str) -> None:
    run.world.checkpoint(name)


def _rewind(run: ScenarioRun, name: str) -> None:
    run.world.rewind(name)


def _move_clock(run: ScenarioRun, argument: str | Mapping[str, str]) -> None:
    clock = run.world.clock
    if isinstance(argument, Mapping):
        clock.advance(argument["advance"])
    elif argument == "next":
        clock.next()
    elif argument == "freeze":
        clock.freeze()
    else:
        clock.resume()


def _change_receiver(run: ScenarioRun, argument: Mapping[str, Any]) -> None:
    run._receivers[argument["name"]].change(argument)  # noqa: SLF001 - a part of the run


def _request(run: ScenarioRun, argument: Mapping[str, Any]) -> Mapping[str, Any]:
    """Send a client's request to the world, and return the response."""
    headers = {name.title(): value for name, value in argument.get("headers", {}).items()}
    if "account" in argument:
        user, secret = run.world.login(*argument["account"].split("/"))
        argument = fill(argument, {"{user}": user, "{secret}": secret or ""})
        if argument.get("basic"):
            headers["Authorization"] = f"Basic {b64encode(f'{user}:{secret}'.encode()).decode()}"
    body = _body(argument, headers)
    target = argument["path"] + (f"?{urlencode(argument['query'])}" if "query" in argument else "")
    method = argument.get("method", "GET" if body is None else "POST")
    base = urlsplit(run.world.base_url)
    connections = Connections(f"{base.scheme}://{base.netloc}", headers)
    try:
        result = connections.call(method, base.path + target, body, _PATIENCE)
    except TimeoutError:
        run._response = {"error": f"no response within {_PATIENCE:g} seconds"}  # noqa: SLF001 - a part of the run
    except ConnectionError:
        run._response = {"error": "the connection broke"}  # noqa: SLF001 - a part of the run
    else:
        run._response = {"status": result.status, **_shown(result.body)}  # noqa: SLF001 - a part of the run
    finally:
        connections.close()
    return run._response  # noqa: SLF001 - a part of the run


def _body(argument: Mapping[str, Any], headers: dict[str, str]) -> bytes | None:
    """Return the body of a request, and add its Content-Type to the headers."""
    import orjson

    if "form" in argument:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return urlencode(argument["form"]).encode()
    if "json" in argument:
        headers.setdefault("Content-Type", "application/json")
        return orjson.dumps(argument["json"])
    return argument["body"].encode() if "body" in argument else None


def _shown(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


# -------------------------------------------------------------------------------------------------------- expectations


def _expect(run: ScenarioRun, argument: Mapping[str, Any]) -> list[str]:
    """Return the expectations that are not met, as sentences."""
    return [sentence for name, wanted in argument.items() for sentence in _EXPECTATIONS[name](run, wanted)]


def _expect_response(run: ScenarioRun, wanted: Mapping[str, Any]) -> Iterator[str]:
    response = run._response  # noqa: SLF001 - a part of the run
    if response is None:
        yield "no request was sent"
        return
    is_broken = "error" in response
    if is_broken != wanted.get("broken", False):
        yield response["error"] if is_broken else f"the response came, with status {response['status']}"
        return
    body = response.get("body", "")
    if wanted.get("status", response.get("status")) != response.get("status"):
        yield f"the response has status {response['status']}, not {wanted['status']}"
    if wanted.get("contains", "") not in body:
        yield f"the response does not contain {wanted['contains']!r}: {body!r}"
    if "lacks" in wanted and wanted["lacks"] in body:
        yield f"the response contains {wanted['lacks']!r}: {body!r}"


def _expect_messages(run: ScenarioRun, wanted: Mapping[str, Any]) -> Iterator[str]:
    selected = {name: value for name, value in wanted.items() if name != "count"}
    yield from _miscounted(len(_messages(run, selected)), wanted.get("count"), f"messages with {_in_words(selected)}")


def _expect_deliveries(run: ScenarioRun, wanted: Mapping[str, Any]) -> Iterator[str]:
    selected = {name: value for name, value in wanted.items() if name != "count"}
    rows = ({**each.row, "attempts": len(each.attempts)} for each in run.world.deliveries())
    found = sum(_is_like(row, selected) for row in rows)
    yield from _miscounted(found, wanted.get("count"), f"deliveries with {_in_words(selected)}")


def _miscounted(found: int, wanted: int | Mapping[str, int] | None, things: str) -> Iterator[str]:
    bounds = {"at_least": 1} if wanted is None else wanted
    if not isinstance(bounds, Mapping):
        bounds = {"at_least": bounds, "at_most": bounds}
    least, most = bounds.get("at_least", 0), bounds.get("at_most")
    if found < least or (most is not None and found > most):
        limits = f"exactly {least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        yield f"there are {found} {things}, not {limits}"


def _expect_exchanges(run: ScenarioRun, verification: Mapping[str, Any]) -> Iterator[str]:
    since = run._transcript.first_exchange + verification.get("since", 0)  # noqa: SLF001 - a part of the run
    response = run.world.run_verification({**verification, "since": since})
    if not response["holds"]:
        yield from map(str, unmet_sentences(response))


def _expect_changes(run: ScenarioRun, verification: Mapping[str, Any]) -> Iterator[str]:
    response = run.world.run_verification(verification)
    if not response["holds"]:
        yield from format_difference(response["difference"]).splitlines()


_EXPECTATIONS: Mapping[str, Callable[[ScenarioRun, Any], Iterator[str]]] = {
    "response": _expect_response,
    "messages": _expect_messages,
    "deliveries": _expect_deliveries,
    "exchanges": _expect_exchanges,
    "changes": _expect_changes,
}

_ACTIONS: Mapping[str, Callable[[ScenarioRun, Any], Any]] = {
    "inbound": _inbound,
    "store_message": _store_message,
    "change_message": _change_message,
    "delete_message": _delete_message,
    "change_account": _change_account,
    "add_entry": _add_entry,
    "put_entry": _put_entry,
    "delete_entry": _delete_entry,
    "choose_variants": _choose_variants,
    "add_fault": _add_fault,
    "remove_fault": _remove_fault,
    "clear_faults": _clear_faults,
    "checkpoint": _make_checkpoint,
    "rewind": _rewind,
    "clock": _move_clock,
    "receiver": _change_receiver,
    "request": _request,
    "expect": _expect,
}
"""What each action does; the schema has the same names."""
