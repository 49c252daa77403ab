"""Which addresses the webhook sender calls, and which it never calls."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from contract_tests.webhooks.calling import OK, answering, get, moved
from mockserver.engine.deliveries import Outcome
from mockserver.webhooks import WebhookConfig, open_connection, resolve_host

NEAR = "127.0.0.1 127.255.0.1 ::1 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fdff::1 ::ffff:10.0.0.1"
FAR = "8.8.8.8 172.32.0.1 172.15.0.1 192.167.0.1 100.64.0.1 2001:db8::1 ::ffff:8.8.8.8 64:ff9b::808:808"
NEVER = {
    "the metadata service of a cloud": "169.254.169.254 fd00:ec2::254 100.100.100.200 ::ffff:169.254.169.254",
    "a link-local address": "169.254.0.1 fe80::1 fe80::1%eth0 2002:a9fe:1:: 64:ff9b::a9fe:1",
    "an unspecified address": "0.0.0.0 0.0.0.1 :: ::ffff:0.0.0.0",
    "a multicast address": "224.0.0.1 239.255.255.255 ff02::1",
    "a broadcast or reserved address": "255.255.255.255 240.0.0.1",
}


class Elsewhere:
    """A network in which every address is our receiver."""

    def __init__(self, receiver, *addresses: str) -> None:
        self.there = receiver(answering(OK))
        self.addresses = list(addresses)
        self.request: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def resolve(self, name, port) -> list[str]:
        self.request.append(name)
        return self.addresses

    async def connect(self, address, port, seconds) -> socket.socket:
        self.connected.append((address, port))
        return await open_connection("127.0.0.1", self.there.port, seconds)


def called(hired, receiver, address, **webhook_config) -> bool:
    network = Elsewhere(receiver, address)
    outcome = get(
        hired(resolve=network.resolve, connect=network.connect, **webhook_config), "http://hook.example:81/a?b"
    )
    assert network.connected == ([(address, 81)] if outcome.error is None else [])
    return outcome.error is None


def test_loopback_and_private_addresses_are_called(hired, receiver):
    assert all(called(hired, receiver, address) for address in NEAR.split())


def test_other_addresses_are_not_called_unless_any_may_be(hired, receiver):
    assert not any(called(hired, receiver, address) for address in FAR.split())
    assert all(called(hired, receiver, address, targets="any") for address in FAR.split())


@pytest.mark.parametrize("what", NEVER)
def test_forbidden_addresses_are_not_called_whatever_the_targets(hired, receiver, what):
    for address in NEVER[what].split():
        named = {"hook.example:81", f"[{address}]:81", f"{address}:81"}
        for targets in ("private", "any", named):
            network = Elsewhere(receiver, address)
            webhook_sender = hired(resolve=network.resolve, connect=network.connect, targets=targets)
            assert get(webhook_sender, "http://hook.example:81/a?b") == Outcome(
                error=f"http://hook.example:81/a is not called: {address} is {what}, and these are never called"
            )
            assert network.connected == []


def test_the_error_says_how_to_allow_an_address(hired, receiver):
    network = Elsewhere(receiver, "8.8.8.8")
    assert get(hired(resolve=network.resolve), "https://Hook.example/a?b") == Outcome(
        error="https://hook.example/a is not called: 8.8.8.8 is neither loopback nor private; "
        "to allow it, name hook.example:443 among the targets, or set them to any"
    )


@pytest.mark.parametrize("named", ["hook.example:81", "HOOK.example:81", "8.8.8.8:81"])
def test_a_named_target_is_called(hired, receiver, named):
    assert called(hired, receiver, "8.8.8.8", targets={named})


@pytest.mark.parametrize("named", ["hook.example:80", "hook.example", "other.example:81"])
def test_a_target_with_another_name_or_port_is_not_called(hired, receiver, named):
    assert not called(hired, receiver, "8.8.8.8", targets={named})


def test_named_targets_are_beside_the_private_ones(hired, receiver):
    assert called(hired, receiver, "10.1.2.3", targets={"other.example:81"})
    assert called(hired, receiver, "2001:db8::1", targets=["[2001:db8::1]:81"])


def test_a_name_that_changes_its_address_after_it_was_checked_does_not_get_around_it(hired, receiver):
    """DNS rebinding: the first lookup returns a public address, the next a private one."""
    network = Elsewhere(receiver, "10.0.0.1")
    webhook_sender = hired(resolve=network.resolve, connect=network.connect)
    assert get(webhook_sender, "http://hook.example/").status == 200
    assert network.request == ["hook.example"]
    assert network.connected == [("10.0.0.1", 80)]
    assert b"\r\nHost: hook.example\r\n" in network.there.request[0]

    network.addresses = ["169.254.169.254"]
    network.there.connections[0].shutdown(socket.SHUT_RDWR)
    assert get(webhook_sender, "http://hook.example/").error.endswith("and these are never called")
    assert network.connected == [("10.0.0.1", 80)]


def test_the_address_is_checked_at_every_hop_of_a_redirect(hired, receiver):
    network = Elsewhere(receiver, "8.8.8.8")
    first = receiver(answering(moved(302, "http://hook.example/next")))
    network.resolve = lambda name, port: ["8.8.8.8"] if name == "hook.example" else ["127.0.0.1"]
    network.connect = lambda address, port, seconds: open_connection("127.0.0.1", first.port, seconds)
    webhook_sender = hired(resolve=network.resolve, connect=network.connect, max_redirects=3)
    assert get(webhook_sender, "http://near.example/").error.startswith(
        "http://hook.example/next is not called: 8.8.8.8 is"
    )
    assert len(first.connections) == 1


def test_of_several_addresses_those_that_may_be_called_are_tried_in_turn(hired, receiver):
    network = Elsewhere(receiver, "8.8.8.8", "10.0.0.1", "169.254.169.254", "10.0.0.2")
    tried = []

    async def connect(address, port, seconds) -> socket.socket:
        tried.append(address)
        if address == "10.0.0.1":
            raise ConnectionRefusedError
        return await network.connect(address, port, seconds)

    assert get(hired(resolve=network.resolve, connect=connect), "http://hook.example/").status == 200
    assert tried == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("spelling", ["0x7f.1", "2130706433", "127.1", "localhost"])
def test_an_address_is_checked_by_its_value_not_by_its_spelling(webhook_sender, receiver, spelling):
    there = receiver(answering(OK))
    assert get(webhook_sender, f"http://{spelling}:{there.port}/").status == 200


def test_the_machines_own_names_are_resolved_to_addresses():
    assert all(ipaddress.ip_address(address).is_loopback for address in resolve_host("localhost", 80))


def test_invalid_webhook_configurations_are_rejected():
    with pytest.raises(ValueError, match="targets are 'private', 'any' or a set of host:port, not 'localhost:80'"):
        WebhookConfig(targets="localhost:80")
    for most in ("max_attempts", "max_per_world", "max_per_target"):
        with pytest.raises(ValueError, match="a webhook sender needs at least one attempt at a time"):
            WebhookConfig(**{most: 0})
    for timeout in ("timeout", "connect_timeout"):
        with pytest.raises(ValueError, match="a webhook sender needs timeouts above 0"):
            WebhookConfig(**{timeout: 0})
