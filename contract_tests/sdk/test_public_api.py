"""What `mockserver.sdk` promises to providers written by others."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mockserver import sdk
from mockserver.sdk import (
    Account,
    Call,
    Credential,
    Decision,
    Limit,
    Operation,
    Parameter,
    Provider,
    ProviderError,
    assumed,
    decide_by,
    limit_usage,
    text,
)


class Rejected(ProviderError):
    """The only error of an invented provider."""

    description = "{name} is wrong"
    source = assumed("AC-1")


ROW = Parameter("to", text(), assumed("AC-1"), not_text=Rejected, missing=Rejected, is_secret=True)


def test_every_public_name_is_there_and_has_a_sentence() -> None:
    documented = {name: getattr(sdk, name) for name in sdk.__all__}
    mute = [
        name
        for name, value in documented.items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and not inspect.getdoc(value)
    ]

    assert [] == mute
    assert sorted(sdk.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)) == sdk.__all__
    assert re.fullmatch(r"[0-9]+\.[0-9]+", sdk.SDK_VERSION)


def test_a_provider_needs_no_quirks_no_magic_no_webhooks_and_no_inbound_messages() -> None:
    anything: Any = ()  # what is not asked here
    provider = Provider(
        name="acme",
        title="Acme",
        hosts=("api.acme.example",),
        routes=anything,
        operations=(Operation(name="messages.list", source=assumed("AC-1"), decide=anything, parameters=(ROW,)),),
        errors=(Rejected,),
        schema=Path("world.schema.json"),
        parse=anything,
        decide=anything,
        render=anything,
    )

    assert ["messages.list"] == list(provider.operations_by_name)
    assert (("to",), ("to",)) == (provider.secrets, provider.operations[0].parameter_names)
    assert (Rejected,) == provider.operations[0].all_errors
    with pytest.raises(ValueError, match=r"^this provider receives no messages$"):
        provider.receive_inbound({}, anything, 0, anything)


def test_a_provider_error_that_an_operation_raises_is_its_decision() -> None:
    account, anything = Account("acme/a", "acme", "a", ()), cast("Any", None)

    def reject(*_: object) -> Decision:
        raise Rejected(name="to")

    operation = Operation(name="messages.list", source=assumed("AC-1"), decide=reject)
    state: Any = SimpleNamespace(account_of=lambda _credential: account)
    decision = decide_by((operation,), anything)(
        Call("messages.list", {}, Credential("acme", "user", "secret")), state, 5, anything
    )

    assert ("to is wrong", 5, "acme/a", ()) == (str(decision.value), decision.at, decision.account, decision.events)


def test_of_several_limits_the_one_that_is_free_last_counts_and_shared_uses_are_counted_once() -> None:
    state: Any = SimpleNamespace(uses={"a": (0, 500_000)})  # all that limits look at
    second, minute = Limit(2, 1, "2 per second"), Limit(2, 60, "2 per minute")
    usage = limit_usage(state, ((second, "a"), (minute, "a"), (second, "b")), 600_000)
    exceeded = usage.exceeded()

    assert (minute, 60_000_000) == exceeded
    assert [2, 2, 0] == [each.used for each in usage.statuses]
    assert [("a", 600_000, 2), ("b", 600_000, 2)] == [(each.window, each.at, each.keep) for each in usage.events]
    assert [2, 2, 1] == [each.used for each in usage.counted().statuses]
    assert limit_usage(state, ((second, "b"),), 600_000).exceeded() is None
