"""A world and its verbs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import quote

from mockserver.core.accounts import Login

from . import faults, moments
from .awaiting import verb
from .clock import WorldClock
from .faults import Fault, FaultKind
from .moments import Duration, Moment
from .outbox import Delivery, Settled, Status
from .readings import Readings
from .transport import ControlError, Transport, told
from .values import Exchange, Journal, Logins, Message, Row, WorldFacts

Document: TypeAlias = Mapping[str, Any] | str | PathLike[str]
"""A world file: what it holds, or where it lies."""

Criteria: TypeAlias = Mapping[str, Any]
"""By name, a text that must be the same, or ``{"pattern": "^555"}``."""


_PAGE = 1_000
"""Messages or exchanges that are fetched at a time."""


class World:
    """Everything that one test sees: accounts, messages, clock, readings, faults, outbox and journal.

    Used as a context manager it is dropped at the end. Every verb raises `ControlError` when the server refuses it, and
    `NoServer` when nobody answers; every verb can be awaited as ``verb.aio(...)``.
    """

    def __init__(self, transport: Transport, world_id: str, facts: WorldFacts | None = None) -> None:
        """Nothing is asked yet, and whether there is such a world is not known.

        Args:
            transport: the way to its server.
            world_id: its name in addresses.
            facts: what is known of it already.
        """
        self.id = world_id
        self._transport = transport
        self._facts = facts
        self._path = f"/_mock/worlds/{quote(world_id, safe='')}"
        self.clock = WorldClock(transport, f"{self._path}/clock")
        """The clock that everything in this world follows."""
        self.readings = Readings(transport, f"{self._path}/readings")
        """How this world reads the quirks."""

    def __repr__(self) -> str:
        return f"<World {self.id} of {self._transport.url}>"

    @property
    def base_url(self) -> str:
        """Where this world answers clients whose credentials cannot be changed, without a slash at the end."""
        return self.facts.base_url

    @property
    def credentials(self) -> Logins:
        """Its accounts' logins, by provider and account; those of a world that was created are nobody else's."""
        return self.facts.credentials

    @property
    def facts(self) -> WorldFacts:
        """How it stood when it was made or found; asked for once where that is not known. `show` asks each time."""
        if self._facts is None:
            self._facts = self.show()
        return self._facts

    @property
    def cursor(self) -> int:
        """How many things have happened in it until now; `wait` takes it as ``after``."""
        return self.show().cursor

    def login(self, provider: str, account: str | None = None) -> Login:
        """The first user and secret of an account, the provider's first one when none is named.

        Raises:
            KeyError: the world has no such account.
        """
        accounts = self.credentials[provider]
        return accounts[next(iter(accounts)) if account is None else account][0]

    # -- the world as a whole ----------------------------------------------------------------------------------------

    @verb
    def show(self) -> WorldFacts:
        """How it stands."""
        return WorldFacts.of(self._ask("GET"))

    @verb
    def fork(self, id: str | None = None) -> World:  # noqa: A002 - the control API's word
        """A world that begins as this one is now, with credentials of its own."""
        return self._other(self._ask("POST", "/fork", body={} if id is None else {"id": id}))

    @verb
    def reset(self, freeze: Moment | None = None) -> WorldFacts:
        """Return it to how it was created, with its clock frozen at an instant, past or future, if one is given."""
        return WorldFacts.of(
            self._ask("POST", "/reset", body={} if freeze is None else {"freeze": moments.written(freeze)})
        )

    @verb
    def drop(self) -> None:
        """Forget it. Its credentials are refused from now on, as any unknown ones."""
        self._ask("DELETE")

    def __enter__(self) -> Self:
        """Use it until the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop it, unless that was done inside."""
        with suppress(ControlError):
            self.drop()

    @verb
    def snapshot(self, *, credentials: bool = False) -> dict[str, Any]:
        """The world as a world file.

        Args:
            credentials: whether the logins stand in it.
        """
        document: dict[str, Any] = self._ask("GET", "/snapshot", {"credentials": True if credentials else None})
        return document

    @verb
    def restore(self, document: Document) -> WorldFacts:
        """Make it as a world file says.

        Raises:
            ControlError: it is no world file; the world is as it was.
        """
        facts = self._facts = WorldFacts.of(self._ask("PUT", "/snapshot", body=loaded(document)))
        return facts

    # -- accounts and messages ---------------------------------------------------------------------------------------

    @verb
    def accounts(self) -> list[dict[str, Any]]:
        """Every account as a world file has it, without its messages."""
        accounts: list[dict[str, Any]] = self._ask("GET", "/accounts")["accounts"]
        return accounts

    @verb
    def account(self, provider: str, name: str) -> dict[str, Any]:
        """One account as a world file has it, without its messages."""
        account: dict[str, Any] = self._ask("GET", _account_path(provider, name))
        return account

    @verb
    def change_account(self, /, provider: str, name: str, **lists: Sequence[Any]) -> dict[str, Any]:
        """Replace whole lists of an account: ``numbers``, ``programs``, ``contacts``, ``blacklist``.

        Returns:
            the account as it is now.
        """
        account: dict[str, Any] = self._ask("PATCH", _account_path(provider, name), body=lists)
        return account

    @verb
    def messages(
        self,
        provider: str | None = None,
        account: str | None = None,
        *,
        direction: Literal["inbound", "outbound"] | None = None,
        number: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[Message]:
        """Messages that the world holds, in the order in which they were stored.

        Args:
            provider: of this one only.
            account: of this one only.
            direction: ``inbound`` to the account, or ``outbound`` from it.
            number: from or to this one only.
            after: those whose serial is greater.
            limit: so many at most.
        """
        filters = {"provider": provider, "account": account, "direction": direction, "number": number}
        found: list[Row] = []
        while True:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self._ask("GET", "/messages", {**filters, "after": after, "limit": size})
            found += page["messages"]
            if len(page["messages"]) < size or len(found) == limit:
                return [Message.of(row) for row in found]
            after = page["next"]

    @verb
    def store(self, /, provider: str, account: str, *, at: Moment | timedelta | None = None, **row: Any) -> Message:
        """Put a message into an account's records, of either direction, with any instant and status.

        Args:
            provider: whose account.
            account: its name.
            at: the message's instant, or a duration back from now; now when none is given.
            row: the message as a world file has it: ``direction``, ``sender``, ``recipient``, ``text`` and what is the
                provider's own. The ``id`` is made when none is given.
        """
        given = {} if at is None else {"at": moments.plain(at)}
        body = {"provider": provider, "account": account, **row, **given}
        return Message.of(self._ask("POST", "/messages", body=body))

    @verb
    def inbound(self, /, provider: str, account: str | None = None, **fields: Any) -> Message:
        """Let a message come in from outside, now.

        Args:
            provider: where it arrives.
            account: whose it is, where the fields do not tell.
            fields: in the words of a world file: ``sender``, ``recipient``, ``text`` and what is the provider's own.
        """
        message = self._arrive(provider, account, fields)["message"]
        if message is None:
            raise ControlError("not_stored", f"{provider} took the message and keeps no record of it")
        return Message.of(message)

    @verb
    def schedule_inbound(
        self, /, length: Duration, provider: str, account: str | None = None, **fields: Any
    ) -> datetime:
        """Let a message come in from outside, after a duration of the world's clock.

        Returns:
            the instant at which it will.
        """
        return moments.read(self._arrive(provider, account, {**fields, "in": moments.seconds(length)})["due"])

    # -- faults ------------------------------------------------------------------------------------------------------

    @verb
    def arm(
        self,
        /,
        fault: FaultKind,
        *,
        match: Mapping[str, Any] | None = None,
        when: Mapping[str, Any] | None = None,
        point: Literal["before", "after"] | None = None,
        expires_after: int | None = None,
        id: str | None = None,  # noqa: A002 - the control API's word
        **options: Any,
    ) -> Fault:
        """Let exchanges fail on purpose.

        Args:
            fault: its kind, such as ``reset``; its JSON; or a list of several that act in this order.
            match: which exchanges: ``provider``, ``operation``, ``method``, ``path``, ``parameters``, ``headers``.
            when: of these, which: ``first``, ``every``, ``nth``, ``after``, ``from``, ``until``, ``probability``.
            point: ``before`` the operation takes effect, which it then never does, or ``after`` that.
            expires_after: hits after which it is spent.
            id: a name for it; one is made when none is given.
            options: of a fault that was given by its kind, such as ``seconds=2`` of a ``delay``.

        Raises:
            ValueError: options were given beside a fault that brings its own.
        """
        return self.arm_rule(
            faults.rule(fault, options, match=match, when=when, point=point, expires_after=expires_after, id=id)
        )

    @verb
    def arm_rule(self, rule: Row) -> Fault:
        """The same, given the rule as JSON."""
        return self._fault(self._ask("POST", "/faults", body=rule))

    @verb
    def faults(self) -> list[Fault]:
        """Every rule that is armed, in the order in which they are asked."""
        return list(map(self._fault, self._ask("GET", "/faults")["faults"]))

    def fault(self, id: str) -> Fault:  # noqa: A002 - the control API's word
        """The rule of an id. Whether there is one is seen when it is first used."""
        return self._fault({"id": id})

    @verb
    def clear_faults(self) -> int:
        """Disarm every rule; how many there were."""
        cleared: int = self._ask("DELETE", "/faults")["cleared"]
        return cleared

    @verb
    def spoil(self, /, kind: str, **options: Any) -> Row:
        """Let the next deliveries to customers go wrong, as they do in life.

        Args:
            kind: ``twice``, ``at-once``, ``late``, ``reordered``, ``lost-acknowledgement`` or ``stops``.
            options: ``times`` deliveries, of a ``provider``; ``seconds`` late; ``attempts`` that are lost, or made at all.
        """
        made: Row = self._ask("POST", "/mischief", body={"kind": kind, **options})
        return made

    @verb
    def clear_mischief(self) -> int:
        """Let deliveries go right again; how many rules there were."""
        cleared: int = self._ask("DELETE", "/mischief")["cleared"]
        return cleared

    # -- the outbox --------------------------------------------------------------------------------------------------

    @verb
    def outbox(
        self,
        provider: str | None = None,
        account: str | None = None,
        *,
        status: Status | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[Delivery]:
        """What customers were told, or are to be, in the order in which it came up; with every attempt.

        Args:
            provider: of this one only.
            account: of this one only.
            status: those that are ``due``, ``held``, ``acknowledged`` or ``given up``.
            after: those whose number is greater.
            limit: so many at most.
        """
        filters = {"provider": provider, "account": account, "status": status}
        found: list[Row] = []
        while True:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self._ask("GET", "/outbox", {**filters, "after": after, "limit": size})["deliveries"]
            found += page
            if len(page) < size or len(found) == limit:
                return list(map(self._delivery, found))
            after = page[-1]["number"]

    @verb
    def delivery(self, number: int) -> Delivery:
        """One delivery, with every attempt; it has the verbs ``resend``, ``hold`` and ``release``."""
        return self._delivery(self._ask("GET", f"/outbox/{number}"))

    @verb
    def settle(self, timeout: Duration = 10.0) -> Settled:
        """Wait until nothing is due now and no attempt is being made.

        Args:
            timeout: how long, in seconds of the wall clock; 60 at most.

        Returns:
            what is true when it came to that in time: ``assert world.settle()``.
        """
        patience = moments.seconds(timeout)
        return Settled.of(self._ask("POST", "/settle", body={"timeout": patience}, patience=patience))

    # -- what happened -----------------------------------------------------------------------------------------------

    @verb
    def journal(
        self,
        after: int | None = None,
        limit: int | None = None,
        *,
        provider: str | None = None,
        operation: str | None = None,
        refusal: str | None = None,
        status: int | None = None,
        target: str | None = None,
    ) -> Journal:
        """Exchanges, oldest first.

        Args:
            after: those whose number is greater.
            limit: so many at most.
            provider: at this one only.
            operation: that asked for this one only.
            refusal: that were refused by this one, a name.
            status: of HTTP.
            target: a part of what was asked for.
        """
        filters = {"provider": provider, "operation": operation, "refusal": refusal, "status": status, "target": target}
        found: list[Row] = []
        while True:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self._ask("GET", "/journal", {**filters, "after": after, "limit": size})
            found += page["exchanges"]
            if len(page["exchanges"]) < size or len(found) == limit:
                return Journal.of({**page, "exchanges": found})
            after = found[-1]["number"]

    @verb
    def exchange(self, number: int) -> Exchange:
        """One exchange, with headers, bodies and explanation in its ``row``."""
        return Exchange.of(self._ask("GET", f"/journal/{number}"))

    @verb
    def explain(self, number: int) -> dict[str, Any]:
        """Why an exchange was answered as it was.

        Returns:
            what decided, with the document's sentence; what was received; the windows; what nothing read; how to fix it.
        """
        explanation: dict[str, Any] = self._ask("GET", f"/journal/{number}")["explanation"]
        return explanation

    @verb
    def expect(
        self,
        /,
        *exchanges: Mapping[str, Any],
        count: int | Mapping[str, int] | None = None,
        order: bool | None = None,
        after: int | None = None,
        **wanted: Any,
    ) -> list[int]:
        """Claim that exchanges happened: ``expect(operation="sms.send_message", parameters={"to": "5556667777"})``.

        Args:
            exchanges: each of them happened, every one by itself.
            count: so many of the one that is wanted; or ``{"at_least": 1, "at_most": 3}``.
            order: whether in this order.
            after: exchanges up to this number do not count.
            wanted: one more of the exchanges, by keywords: ``provider``, ``operation``, ``account``, ``method``,
                ``path``, ``parameters``, ``headers``, ``refusal``, ``status``.

        Returns:
            the numbers of the exchanges that were found.

        Raises:
            AssertionError: it is not so; what comes nearest and where it differs.
        """
        said = {"count": count, "order": order, "after": after}
        body: dict[str, Any] = {"exchanges": [*exchanges, *([wanted] if wanted else [])]}
        body |= {name: value for name, value in said.items() if value is not None}
        answer = self.claim(body)
        if not answer["holds"]:
            raise AssertionError(unmet(answer))
        found: list[int] = answer["found"]
        return found

    @verb
    def claim(self, claim: Row) -> dict[str, Any]:
        """Whether a claim holds: ``{"exchanges", "count", "order", "after"}``, as JSON.

        Returns:
            ``holds``, the numbers that were ``found``, and the ``difference``.
        """
        answer: dict[str, Any] = self._ask("POST", "/assert", body=claim)
        return answer

    @verb
    def wait(
        self,
        /,
        for_: Literal["exchange", "message", "delivery"] = "exchange",
        *,
        timeout: Duration = 5.0,
        after: int = 0,
        **filters: Any,
    ) -> Exchange | Message | Delivery:
        """Wait until there is an exchange, a message or an attempt; one that is there already is returned at once.

        Args:
            for_: which of the three; ``delivery`` is one at which an attempt was made.
            timeout: how long, in seconds of the wall clock.
            after: a cursor: what happened before does not count. `cursor` is where the world stands; what is returned
                carries the cursor at which to go on.
            filters: those of `journal` for an exchange, those of `messages` for a message, ``number`` and
                ``status`` for a delivery.

        Raises:
            TimeoutError: nothing of that kind came.
        """
        if for_ == "exchange":
            return self.wait_for_exchange(timeout=timeout, after=after, **filters)
        if for_ == "delivery":
            return self.wait_for_delivery(timeout=timeout, after=after, **filters)
        return self.wait_for_message(timeout=timeout, after=after, **filters)

    @verb
    def wait_for_exchange(self, /, *, timeout: Duration = 5.0, after: int = 0, **filters: Any) -> Exchange:
        """`wait` for an exchange, and with the filters of `journal`."""
        found, cursor = self._awaited("exchange", timeout, after, filters)
        return Exchange.of(found, cursor)

    @verb
    def wait_for_message(self, /, *, timeout: Duration = 5.0, after: int = 0, **filters: Any) -> Message:
        """`wait` for a message, and with the filters of `messages`."""
        found, cursor = self._awaited("message", timeout, after, filters)
        return Message.of(found["message"], cursor)

    @verb
    def wait_for_delivery(
        self,
        /,
        *,
        timeout: Duration = 5.0,
        after: int = 0,
        number: int | None = None,
        status: Status | None = None,
    ) -> Delivery:
        """`wait` until an attempt at a delivery is over.

        Args:
            timeout: as `wait` has it.
            after: likewise.
            number: of the delivery.
            status: what the attempt made of it.

        Returns:
            the delivery as it stands when it is over.
        """
        wanted = {"number": number, "status": status}
        filters = {name: value for name, value in wanted.items() if value is not None}
        found, cursor = self._awaited("delivery", timeout, after, filters)
        return self._delivery(self._ask("GET", f"/outbox/{found['number']}"), cursor)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str = "",
        query: Mapping[str, Any] | None = None,
        body: object = None,
        patience: float = 0,
    ) -> Any:
        return self._transport.call(method, self._path + path, query, body, patience)

    def _other(self, row: Row) -> World:
        return World(self._transport, row["id"], WorldFacts.of(row))

    def _awaited(self, kind: str, timeout: Duration, after: int, filters: Mapping[str, Any]) -> tuple[Row, int]:
        patience = moments.seconds(timeout)
        query = {"for": kind, "after": after, "timeout": patience, **filters}
        answer = self._ask("GET", "/wait", query, patience=patience)
        if answer["found"] is None:
            wanted = " and ".join(f"{name} {value!r}" for name, value in filters.items())
            raise TimeoutError(f"no {kind}{f' with {wanted}' if wanted else ''} came within {patience:g} s")
        return answer["found"], answer["cursor"]

    def _delivery(self, row: Row, cursor: int | None = None) -> Delivery:
        return Delivery.of(self._transport, f"{self._path}/outbox", row, cursor)

    def _fault(self, row: Row) -> Fault:
        return Fault(self._transport, f"{self._path}/faults", row)

    def _arrive(self, provider: str, account: str | None, fields: Mapping[str, Any]) -> Any:
        whose = {"provider": provider} if account is None else {"provider": provider, "account": account}
        return self._ask("POST", "/inbound", body={**whose, **fields})


def loaded(document: Document) -> Mapping[str, Any]:
    """What a world file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON.
    """
    if isinstance(document, Mapping):
        return document
    held: Mapping[str, Any] = json.loads(Path(document).read_bytes())
    return held


def unmet(answer: Row) -> str:
    """Why a claim does not hold, as text: a sentence for each exchange that was wanted and is not there."""
    sentences = [
        f"exchange {each['wanted']} of those wanted: {each['said']}" if isinstance(each, Mapping) else each
        for each in answer["difference"]
    ]
    dropped = answer.get("dropped")
    lost = [f"the journal has dropped {dropped} exchanges that might have counted"] if dropped else []
    return f"the journal tells otherwise\n{told(sentences + lost)}"


def _account_path(provider: str, name: str) -> str:
    return f"/accounts/{quote(provider, safe='')}/{quote(name, safe='')}"
