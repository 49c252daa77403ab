"""The rules that decide about this process's connections: which is in force, and what the block takes for a provider's."""

from __future__ import annotations

import json
import sys

import pytest

from mockserver.intercept.connection_rules import (
    BlockRule,
    ConnectionRule,
    RedirectRule,
    begin_rule,
    current_rule,
    end_rule,
)
from mockserver.intercept.hosts import BlockedConnection, Hosts, RequestedAddress, domain_of
from mockserver.intercept.monkeypatch import Monkeypatch
from mockserver.intercept.proxied import proxied_address


def test_the_last_rule_that_began_is_in_force() -> None:
    before, first, second = current_rule(), ConnectionRule(), ConnectionRule()
    begin_rule(first)
    begin_rule(second)
    end_rule(first)
    assert current_rule() is second
    end_rule(second)
    assert current_rule() is before


def test_the_hosts_are_loaded_once_at_the_first_name_that_is_not_this_machines() -> None:
    loads: list[int] = []

    def load() -> Hosts:
        loads.append(1)
        return Hosts(["api.acme.example"])

    rule = BlockRule(load, "Hint.")
    for host in ("localhost", "127.0.0.1", "::1", "", None, b"10.0.0.1", "8.8.8.8"):
        rule.placeholder(host, 443)
        rule.listener(host, 443)
    assert [] == loads
    rule.placeholder("example.org", 443)
    with pytest.raises(BlockedConnection, match=r"www\.acme\.example:443 is a provider's.* nothing was sent\. Hint\."):
        rule.listener(b"WWW.acme.example.", "https")

    assert ([1], ["www.acme.example:443"]) == (loads, [str(address) for address in rule.blocked])


def test_a_redirect_leaves_the_hosts_of_other_providers_to_the_rule_before() -> None:
    block = BlockRule(lambda: Hosts(["api.acme.example", "api.other.example"]), "")
    leaks: list[RequestedAddress] = []
    redirect = RedirectRule(Hosts(["api.acme.example"]), {443: ("127.0.0.1", 7671)}, leaks.append)
    begin_rule(block)
    begin_rule(redirect)
    try:
        assert ("127.0.0.1", 7671) == current_rule().listener("api.acme.example", 443)
        for ask in (
            lambda: current_rule().placeholder("api.other.example", 443),
            lambda: current_rule().listener("api.other.example", 443),
            lambda: current_rule().check_proxied(RequestedAddress("api.other.example", 443), lambda: False),
        ):
            with pytest.raises(BlockedConnection, match="no world would answer"):
                ask()
        assert current_rule().placeholder("example.org", 443) is None
    finally:
        end_rule(redirect)
        end_rule(block)

    assert (3, []) == (len(block.blocked), leaks)


def test_without_a_list_of_hosts_names_are_blocked_until_there_is_one() -> None:
    lists = [Hosts([]), Hosts(["api.acme.example"])]
    rule = BlockRule(lambda: lists.pop(0), "")
    with pytest.raises(BlockedConnection, match="cannot find the installed providers"):
        rule.placeholder("example.org")
    rule.placeholder("example.org")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("api.acme.example", "acme.example"),
        ("api2.serwersms.pl", "serwersms.pl"),
        ("api.acme.co.uk", "acme.co.uk"),
        ("a.b.acme.com.pl", "acme.com.pl"),
        ("acme.pl", "acme.pl"),
        ("sms.pl", "sms.pl"),
    ],
)
def test_the_domain_of_a_host_is_the_registered_one(host: str, domain: str) -> None:
    assert domain == domain_of(host)


@pytest.mark.parametrize(
    ("message", "address"),
    [
        (b"CONNECT secure.acme.example:443 HTTP/1.1\r\n", "secure.acme.example:443"),
        (b"connect [::1]:8443 HTTP/1.1\r\n", "::1:8443"),
        (b"GET http://acme.example/?a=b HTTP/1.1\r\n", "acme.example:80"),
        (bytearray(b"PATCH HTTPS://me:secret@ACME.example.:8443/a@b HTTP/1.1\r\n"), "acme.example:8443"),
        (memoryview(b"\x05\x01\x00\x03\x0cacme.example\x01\xbb"), "acme.example:443"),
        (b"\x04\x01\x00\x50\0\0\0\x01\0acme.example\0", "acme.example:80"),
        (b"GET /http://acme.example/ HTTP/1.1\r\n", None),
        (b"\x16\x03\x01", None),
        (b"\x05\x01\x00", None),
        (b"", None),
        ("text", None),
    ],
)
def test_the_host_of_a_request_to_a_proxy_is_found(message: object, address: str | None) -> None:
    found = proxied_address(message)

    assert address == (None if found is None else str(found))


def test_a_module_is_changed_as_soon_as_it_is_imported_and_not_after_the_end() -> None:
    patches, finders = Monkeypatch(), list(sys.meta_path)
    kept = {name: sys.modules.pop(name) for name in ("json.tool", "this") if name in sys.modules}
    try:
        patches.when_imported("json", lambda module: patches.put(module, "dumps", "changed"))
        patches.when_imported("json.tool", lambda module: patches.put(module, "main", "changed"))
        assert "changed" == json.dumps
        import json.tool as tool

        assert "changed" == tool.main
        patches.undo()
        assert callable(tool.main)
        assert callable(json.dumps)
        assert finders == sys.meta_path
    finally:
        patches.undo()
        sys.modules.update(kept)


@pytest.mark.parametrize("ended_first", [0, 1, 2])
def test_a_module_is_changed_for_everyone_who_waits_for_its_import(ended_first: int) -> None:
    several, finders = [Monkeypatch() for _ in range(3)], list(sys.meta_path)
    kept = {name: sys.modules.pop(name) for name in ("json.tool",) if name in sys.modules}
    told: list[int] = []
    try:
        for number, patches in enumerate(several):
            patches.when_imported("json.tool", lambda _module, number=number: told.append(number))
        several[ended_first].undo()
        import json.tool as tool

        assert callable(tool.main)
        assert [number for number in range(3) if number != ended_first] == sorted(told)
    finally:
        for patches in several:
            patches.undo()
        assert finders == sys.meta_path
        sys.modules.update(kept)
