"""Look at telephone numbers: whether one can be right, and what the networks know of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.accounts import UNAVAILABLE, UNLIMITED, left, use_up
from mockserver.providers.serwersms.entries import CHECKS, SUBSCRIBERS, CheckEntry, SubscriberEntry
from mockserver.providers.serwersms.errors import (
    CheckLimitUsedUp,
    CheckNotPermitted,
    CheckPending,
    ChecksLocked,
    MissingParameter,
    NotAUrl,
    TooManyPhones,
    UnknownCheck,
)
from mockserver.providers.serwersms.networks import is_mobile, network_of
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, PHONE, TEXT, required, row
from mockserver.providers.serwersms.results import Shown
from mockserver.sdk import (
    SECOND,
    Account,
    Call,
    Decision,
    EntryStored,
    Event,
    IdReservation,
    Instant,
    Operation,
    Parameter,
    ProviderError,
    State,
    assumed,
    datetime_of,
    instant_of,
    list_of,
    matching,
    open_account_webhook,
    parse_parameters,
)

# -- whether a number can be right -----------------------------------------------------------------------------------


class Tested(Struct, frozen=True):
    """Whether a number can be a mobile one."""

    correct: bool


TEST = (required("phone", TEXT, assumed("SW-86")),)


def test(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Say whether a number can be a mobile one (SW-86)."""
    values = parse_parameters(TEST, call.values, blank=BLANK)
    return Decision(now, Shown(Tested(is_mobile(values["phone"]))), account=account.key)


# -- what the networks know ------------------------------------------------------------------------------------------


class Checked(Struct, frozen=True):
    """What the networks know of a number."""

    phone: str
    status: Literal["OK", "ERR"]
    imsi: int | None = None
    network: str | None = None
    ported: bool = False
    network_ported: str | None = None
    description: str | UnsetType | None = None


class Unfinished(Struct, frozen=True):
    """A number that takes longer than the vendor keeps a client waiting, and what to ask for later."""

    phone: str
    id: str


class Progress(Struct, frozen=True):
    """How far a check of several numbers has come."""

    status: Literal["pending", "done"]
    process: int
    """In per cent."""
    items: tuple[Checked, ...] | UnsetType = UNSET
    id: str | UnsetType = UNSET


MOST_PHONES = 50_000
LONGEST_WAIT = 60
"""The seconds after which a client is not kept waiting for one number, but gets an id."""
SEVERAL_TAKE = 5
"""The seconds of the world's clock that a check of several numbers takes, unless one of them takes longer (SW-88)."""

_CHECK, _LOOKUP = assumed("SW-88"), assumed("SW-90")
CHECK = (
    row("phone", list_of(TEXT), _CHECK),
    row("id", TEXT, _CHECK),
    row("url", matching(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#][^\s]{0,1023}", NotAUrl), _CHECK),
)
LOOKUP = (row("phone", TEXT, _LOOKUP), row("id", TEXT, _LOOKUP))
KINDS = {"phones.check": "check", "phones.lookup": "lookup"}
"""The kind of question that each operation asks."""
LIMITS = {"check": "hlr", "lookup": "lookup"}
"""The type of the limit that each kind of question uses up (SW-87)."""


def check(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Ask the networks for one number or several, or for the result of an earlier question (SW-87, SW-88)."""
    return _ask("check", CHECK, call, account, state, now, ids)


def lookup(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Ask for the network of a number (SW-90)."""
    return _ask("lookup", LOOKUP, call, account, state, now, ids)


def _ask(
    kind: Literal["check", "lookup"],
    table: Sequence[Parameter],
    call: Call,
    account: Account,
    state: State,
    now: Instant,
    ids: IdReservation,
) -> Decision:
    values = parse_parameters(table, call.values, blank=BLANK)
    if "id" in values:
        return Decision(now, Shown(_result_of(values["id"], kind, account, state, now)), account=account.key)
    sent = values.get("phone", ())
    phones = tuple(_normalized(each) for each in ([sent] if isinstance(sent, str) else sent))
    if not phones:
        raise table[0].error(MissingParameter)
    if len(phones) > MOST_PHONES:
        raise TooManyPhones(number=len(phones), most=MOST_PHONES)
    paid = _pay(kind, len(phones), account)
    seconds = _seconds(phones, account, state)
    if len(phones) == 1 and seconds <= LONGEST_WAIT:
        return Decision(now, Shown(_look_up(phones[0], kind, account, state)), paid, account=account.key)
    if len(phones) > 1:
        is_at_once = state.variants[quirks.CHECKS.name] == "done"
        seconds = 0 if is_at_once else max(SEVERAL_TAKE, seconds)
    job = CheckEntry(ids.token(f"serwersms.{CHECKS}", 10), kind, phones, datetime_of(now), seconds)
    events: tuple[Event, ...] = (*paid, EntryStored(account.key, CHECKS, job))
    if "url" in values:  # SW-89
        url = values["url"].replace("#ID#", job.id).replace("#STAN#", "done")
        due = now + seconds * SECOND
        events = (*events, open_account_webhook("serwersms", "check", account.key, url, ids, at=now, due=due))
    return Decision(now, Shown(_progress(job, account, state, now)), events, account=account.key)


def _normalized(sent: str) -> str:
    """Return a number in the form +48500600700; what is no number stays as it was sent, for it is looked up in vain."""
    try:
        return str(PHONE.parse(CHECK[0], sent))
    except ProviderError:
        return sent


def _pay(kind: str, number: int, account: Account) -> tuple[Event, ...]:
    """Return the events of taking so many questions off the account's limit (SW-87).

    Raises:
        ProviderError: the account may not ask, or not so often.
    """
    if account.fields.get("blocked"):
        raise ChecksLocked
    limit = LIMITS[kind]
    available = left(account, limit)
    if available == UNAVAILABLE:
        raise CheckNotPermitted
    if available != UNLIMITED and int(available) < number:
        raise CheckLimitUsedUp
    event = use_up(account, limit, number)
    return () if event is None else (event,)


def _seconds(phones: Sequence[str], account: Account, state: State) -> int:
    """Return how long the slowest of some numbers takes."""
    if not state.entries.count(account.key, SUBSCRIBERS):
        return 0
    known = (state.entries.get(account.key, SUBSCRIBERS, phone) for phone in phones)
    return max((subscriber.seconds for subscriber in known if subscriber is not None), default=0)


def _look_up(phone: str, kind: str, account: Account, state: State) -> Checked:
    """Return what is known of a number: by its entry of the account's subscribers, or else by its first digits (SW-87)."""
    nothing = UNSET if kind == "lookup" else None
    known: SubscriberEntry | None = state.entries.get(account.key, SUBSCRIBERS, phone)
    network = network_of(phone)
    if known is None:
        return (
            Checked(phone, "ERR", description=nothing)
            if network is None
            else Checked(phone, "OK", network.mnc, network.name, description=nothing)
        )
    return Checked(
        phone,
        known.status,
        known.imsi if network is None else known.imsi or network.mnc,
        known.network if network is None else known.network or network.name,
        known.ported,
        known.network_ported,
        UNSET if kind == "lookup" else known.description,
    )


def _result_of(job_id: str, kind: str, account: Account, state: State, now: Instant) -> Struct:
    """Return the result of an earlier question, as far as it is there (SW-88).

    Raises:
        UnknownCheck: nothing of this kind was asked under this id.
        CheckPending: the network of the one number has not answered yet.
    """
    job: CheckEntry | None = state.entries.get(account.key, CHECKS, job_id)
    if job is None or job.kind != kind:
        raise UnknownCheck(value=job_id)
    if len(job.phones) > 1:
        return _progress(job, account, state, now)
    if _percent(job, now) < 100:
        raise CheckPending(value=job_id)
    return _look_up(job.phones[0], kind, account, state)


def _progress(job: CheckEntry, account: Account, state: State, now: Instant) -> Struct:
    """Return what is answered of a question now."""
    percent = _percent(job, now)
    if len(job.phones) == 1:
        return Unfinished(job.phones[0], job.id)
    if percent < 100:
        return Progress("pending", percent, id=job.id)
    return Progress("done", 100, tuple(_look_up(phone, job.kind, account, state) for phone in job.phones))


def _percent(job: CheckEntry, now: Instant) -> int:
    elapsed = now - instant_of(job.asked)
    return 100 if elapsed >= job.seconds * SECOND else elapsed * 100 // (job.seconds * SECOND)


_ERRORS = (ChecksLocked, CheckNotPermitted, CheckLimitUsedUp, UnknownCheck, CheckPending, TooManyPhones)
OPERATIONS = (
    Operation(name="phones.test", source=assumed("SW-86"), decide=test, parameters=TEST, common=CREDENTIALS),
    Operation(
        name="phones.check",
        source=_CHECK,
        decide=check,
        parameters=CHECK,
        common=CREDENTIALS,
        errors=(MissingParameter, *_ERRORS),
        is_repeatable=False,
    ),
    Operation(
        name="phones.lookup",
        source=_LOOKUP,
        decide=lookup,
        parameters=LOOKUP,
        common=CREDENTIALS,
        errors=(MissingParameter, *_ERRORS),
        is_repeatable=False,
    ),
)
