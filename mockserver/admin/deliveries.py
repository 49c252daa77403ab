"""The endpoints that show, resend, hold and release webhook deliveries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, get_args

from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Delivery, Status
from mockserver.engine.events import AttemptEnded, DeliveryChanged
from mockserver.engine.instants import Instant, iso
from mockserver.engine.state import IdReservation, State
from mockserver.engine.world import World
from mockserver.sdk.response import Deferred, Offload, Response
from mockserver.sdk.webhooks import subject
from mockserver.validation.json_schema import TEXT, Schema, object_schema

from .endpoint import Api, Catalog, Endpoint, RequestArgs, json_response
from .errors import Conflict, ResourceNotFound
from .messages import selected_accounts
from .schemas import WHOLE, a_list, component, one_of
from .serializers import delivery as described

STATUSES: tuple[str, ...] = get_args(Status)
"""The statuses of deliveries."""

_DEFAULT_TIMEOUT = 10
"""The default time limit for waiting until idle, in seconds."""
_MAX_TIMEOUT = 60
"""The maximal time limit in seconds."""


def listed(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return deliveries in the order of their creation."""
    query = values.query
    accounts = {account.key for account in selected_accounts(world, query)}
    deliveries = world.state.deliveries
    # They are numbered as they are opened; those of a world that was loaded go on from its snapshot's, which are not in it.
    first, last = next(iter(deliveries), 1), next(reversed(deliveries), 0)
    numbers = range(max(first - 1, query.get("since", 0)) + 1, last + 1)
    status: str | None = query.get("status")
    found = (
        delivery
        for number in numbers
        if (delivery := deliveries.get(number)) is not None
        and delivery.account in accounts
        and status in (None, delivery.status)
    )
    shown = list(islice(found, query.get("limit", 100)))
    with world.lock:
        known = [_known(world.state, each) for each in shown]
    return {"deliveries": [described(each, *facts) for each, facts in zip(shown, known, strict=True)]}


def show(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return one delivery."""
    with world.lock:
        found = _delivery(world.state, values.path["number"])
        facts = _known(world.state, found)
    return described(found, *facts)


def _delivery(state: State, number: int) -> Delivery:
    found = state.deliveries.get(number)
    if found is None:
        numbers = state.deliveries.keys()
        existing = f"{min(numbers)} to {max(numbers)}" if numbers else "none"
        raise ResourceNotFound(f"there is no delivery {number}; the world has {existing}")
    return found


def _known(state: State, delivery: Delivery) -> tuple[str | None, Instant | None]:
    """Return the id of a delivery's message, and when the attempt started that is in flight."""
    started = state.in_flight.get(delivery.number)
    return _message_id(state, delivery), None if started is None else started.at


def _message_id(state: State, delivery: Delivery) -> str | None:
    """Return the provider's id of a delivery's message; ``None`` when the message no longer exists."""
    try:
        return subject(delivery, state).id
    except LookupError:
        return None


# -------------------------------------------------------------------------------------------------------- change one


def resend(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Make a delivery due now, whatever its status."""
    return _change(world, values.path["number"], "due", lambda _: None)


def hold(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Stop attempts at a delivery until it is released."""
    return _change(world, values.path["number"], "held", _check_is_due)


def release(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Make a held delivery due now."""
    return _change(world, values.path["number"], "due", _check_is_held)


def _check_is_due(delivery: Delivery) -> None:
    if delivery.status == "held":
        raise Conflict(f"delivery {delivery.number} is already held")
    if delivery.status != "due":
        raise Conflict(f"delivery {delivery.number} is {delivery.status}; there is no attempt to hold")


def _check_is_held(delivery: Delivery) -> None:
    if delivery.status == "due":
        raise Conflict(f"delivery {delivery.number} is not held; it is due")
    if delivery.status != "held":
        raise Conflict(f"delivery {delivery.number} is not held; it is {delivery.status}, and resend sends it again")


def _change(world: World, number: int, status: Status, check: Callable[[Delivery], None]) -> dict[str, Any]:
    def decide(state: State, now: Instant, _: IdReservation) -> Decision:
        delivery = _delivery(state, number)
        if number in state.in_flight:  # its result would overwrite the change
            raise Conflict(f"an attempt at delivery {number} is in flight; wait until idle first")
        check(delivery)
        if delivery.serial is not None and state.message_store.get(delivery.serial) is None:
            raise Conflict(f"the message of delivery {number} was deleted")
        due = now if status == "due" else None
        changed = described(replace(delivery, status=status, due=due), *_known(state, delivery))
        return Decision(now, changed, (DeliveryChanged(number, status, due),))

    changed = world.execute(decide).value
    assert isinstance(changed, dict)
    return changed


# ----------------------------------------------------------------------------------------------------- wait until idle


def wait_until_idle(_: Api, world: World, values: RequestArgs) -> Offload:
    """Wait until no delivery is due and none in flight."""

    def time_out() -> Response:
        with world.lock:  # an attempt may have ended at this moment
            in_flight = len(world.state.in_flight)
            return _idle_response(not in_flight, in_flight, world.instant())

    deferred = Deferred(
        timeout=values.body.get("timeout", _DEFAULT_TIMEOUT), otherwise=Offload(world.id, time_out, is_heavy=False)
    )
    deferred.on_end(world.when_idle(lambda now: deferred.response(_idle_response(True, 0, now))))
    return Offload(world.id, lambda: deferred, is_heavy=False)


def _idle_response(is_idle: bool, in_flight: int, now: Instant) -> Response:
    return json_response({"quiet": is_idle, "in_flight": in_flight, "now": iso(now)})


def matches_attempt(event: AttemptEnded, query: Mapping[str, Any]) -> bool:
    """Return whether the query selects the delivery of an attempt."""
    number, status = query.get("number", event.number), query.get("status", event.status)
    return bool((number, status) == (event.number, event.status))


def attempt_filters(_: Catalog) -> dict[str, Schema]:
    """Return the filters for attempts: the number and the status of the delivery."""
    return {"number": WHOLE, "status": one_of(STATUSES)}


_IDLE = object_schema(
    "an object with 'timeout', or an empty one",
    timeout={
        "type": "number",
        "minimum": 0,
        "maximum": _MAX_TIMEOUT,
        "description": f"a number of seconds from 0 to {_MAX_TIMEOUT}",
    },
)


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for deliveries."""
    here, delivery = "/_mock/worlds/{world}/deliveries", component("Delivery")
    one = f"{here}/{{number}}"
    filters = {"provider": one_of(catalog.provider_names), "account": TEXT, "status": one_of(STATUSES)}
    return (
        Endpoint(
            "GET",
            here,
            "Deliveries after a number with all their attempts, in the order of creation.",
            listed,
            object_schema("", ["deliveries"], deliveries=a_list(delivery)),
            query={**filters, "since": WHOLE, "limit": WHOLE},
        ),
        Endpoint("GET", one, "One delivery with all its attempts.", show, delivery),
        Endpoint(
            "POST",
            f"{one}/resend",
            "Make a delivery due now, whatever its status; its attempts are kept.",
            resend,
            delivery,
        ),
        Endpoint("POST", f"{one}/hold", "Stop attempts at a delivery until it is released.", hold, delivery),
        Endpoint("POST", f"{one}/release", "Make a held delivery due now.", release, delivery),
        Endpoint(
            "POST",
            "/_mock/worlds/{world}/wait/idle",
            "Wait, in real time, until no delivery is due and none is in flight; quiet is false after the time-out.",
            wait_until_idle,
            object_schema(
                "",
                ["quiet", "in_flight", "now"],
                quiet={"type": "boolean"},
                in_flight={"type": "integer"},
                now={"type": "string", "format": "date-time"},
            ),
            body=_IDLE,
            needs_body=False,
        ),
    )
