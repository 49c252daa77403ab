"""What the page shows of exchanges, rules and errors: read from its HTML, and what needs a layout in Chromium."""

from __future__ import annotations

import re
import subprocess
from html import unescape
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from contract_tests.commands import run_command


def html(server: Any, path: str) -> str:
    return unescape(requests.get(f"{server.url}/_mock/ui/worlds/{path}", timeout=30).text)


def submitted(server: Any, section: str, **form: str) -> tuple[str, str]:
    """Submit a form that is wrong; return the page and the alert in it."""
    text = requests.post(f"{server.url}/_mock/ui/worlds/mine/{section}", data=form, timeout=30).text
    alert = re.search(r'role="alert">([^<]*)<', text)
    assert alert is not None
    return unescape(text), unescape(alert[1])


def curl_of(server: Any, path: str) -> str:
    found = re.search(r'<pre class="command" id="curl"[^>]*>(.*?)</pre>', html(server, path), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("way", ["credentials", "header", "prefix"])
def test_copied_curl_leads_to_the_world_of_the_exchange(server: Any, world: Any, way: str) -> None:
    user, secret = world.login("dialogtech", "documents")
    if way != "credentials":
        user, secret = "foo", "bar"
    base = world.base_url if way == "prefix" else server.url
    headers = {"X-Mockserver-World": "mine"} if way == "header" else {}
    call = {"action": "sms.get_numbers", "access_key": user, "secret_access_key": secret}
    requests.get(f"{base}/ibp_api.php", call, headers=headers, timeout=30)
    number = world.journal()[-1].number
    command = curl_of(server, f"mine/exchanges/{number}")
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)

    assert f"curl -sS -X GET '{server.url}/_w/mine/ibp_api.php?" in command
    assert ("sms.get_numbers", number + 1) == (world.journal()[-1].operation, world.journal()[-1].number)


def test_copied_curl_of_the_default_world_has_no_prefix(server: Any) -> None:
    requests.get(f"{server.url}/ibp_api.php", timeout=30)
    number = server.world.journal()[-1].number

    assert f"{server.url}/ibp_api.php" in curl_of(server, f"default/exchanges/{number}")


def test_a_world_without_requests_shows_commands_with_its_own_credentials(server: Any, world: Any) -> None:
    user, _ = world.login("dialogtech", "documents")
    shown = html(server, "mine/exchanges")

    assert f"access_key={user}&" in shown
    assert [] == re.findall(r"\{(?:url|user|secret|program)\}", shown)


@pytest.mark.parametrize("kind", ["reset", "close"])
def test_a_lost_response_is_not_delivered_in_the_list_and_in_the_detail(
    server: Any, world: Any, sender: Any, kind: str
) -> None:
    world.faults.add(kind, point="after", when={"first": 1})
    with pytest.raises(requests.ConnectionError):
        sender.send("lost")
    sender.send("delivered", to="5556667778")
    listed = re.findall(r'<td class="outcome"><span class="pill pill-\w+">([^<]*)<', html(server, "mine/exchanges"))
    lost, delivered = (html(server, f"mine/exchanges/{number}") for number in (1, 2))

    assert ["rejected", "not delivered"] == listed
    assert '<p class="start-line"><code>not delivered</code></p>' in lost
    assert "The client got nothing of this response." in lost
    assert "HTTP/1.1 200" not in lost
    assert "HTTP/1.1 200 OK" in delivered


@pytest.mark.parametrize("format_", ["raw", "bytes"])
def test_a_lost_response_has_no_status_in_any_format(server: Any, world: Any, sender: Any, format_: str) -> None:
    world.faults.add("reset", point="after", when={"first": 1})
    with pytest.raises(requests.ConnectionError):
        sender.send("lost")

    assert "HTTP/1.1 200" not in html(server, f"mine/exchanges/1?response={format_}")


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ({"every": 3}, ["every 3"]),
        ({"every": 3, "skip": 1}, ["every 3", "skip 1"]),
        ({"nth": 2}, ["nth 2"]),
        ({"first": 2}, ["the first 2"]),
        ({"first": 1}, ["once"]),
        ({"probability": 0.5}, ["probability 0.5"]),
        ({"until": "2026-06-01T13:00:00Z"}, ["until 2026-06-01T13:00:00Z"]),
    ],
)
def test_a_fault_rule_shows_when_it_acts(server: Any, world: Any, when: dict[str, Any], shown: list[str]) -> None:
    world.faults.add("delay", seconds=1, when=when)
    cell = "".join(f"<p>{each}</p>" for each in shown)

    assert f'<td>{cell}<p class="muted">after the operation has taken effect</p></td>' in html(server, "mine/faults")


FORMS = [
    ("clock", {"do": "to", "instant": "soon"}, ["instant"], ("clock", "advance", "--to", "soon")),
    (
        "faults",
        {"do": "add", "target": "response", "kind": "delay", "seconds": "9999", "operation": "mgage|program.export"},
        ["seconds"],
        ("fault", "add", "--fault", "delay", "--option", "seconds=9999.0"),
    ),
    (
        "variants",
        {"name": "dialogtech.zone", "variant": "Mars/Phobos"},
        ["variant"],
        ("variant", "set", "dialogtech.zone=Mars/Phobos"),
    ),
    ("worlds", {"do": "fork", "id": "a b"}, ["id"], ("world", "fork", "--id", "a b")),
    (
        "worlds",
        {"do": "create", "id": "next", "fixture": "empty", "freeze": "soon", "limits": "off"},
        ["id", "freeze"],
        ("world", "create", "--id", "next", "--freeze", "soon"),
    ),
]


@pytest.mark.parametrize(
    ("section", "form", "kept", "command"), FORMS, ids=[f"{s} {next(iter(f.values()))}" for s, f, *_ in FORMS]
)
def test_an_error_keeps_the_input_and_speaks_the_sentence_of_the_command_line(
    server: Any, world: Any, section: str, form: dict[str, str], kept: list[str], command: tuple[str, ...]
) -> None:
    page, alert = submitted(server, section, **form)
    said = run_command(*command, "--format", "json", MOCKSERVER_URL=server.url, MOCKSERVER_WORLD_ID="mine").stderr

    assert alert in said.replace('\\"', '"'), (alert, said)
    for name in kept:
        assert re.search(rf'<input [^>]*name="{name}" [^>]*value="{re.escape(form[name])}"', page), name
    if section == "faults":
        assert '<details class="kind" name="kind" id="kind-delay" open>' in page
        assert '<option value="mgage|program.export" selected>' in page
    if form.get("do") == "create":
        assert '<option value="empty" selected>' in page
        assert '<option value="off" selected>' in page


@pytest.mark.parametrize("section", ["clock", "worlds", "conversations", "exchanges"])
def test_the_worlds_name_is_visible_at_the_width_of_a_phone(
    open_page: Any, world: Any, narrow: Any, section: str
) -> None:
    page = open_page(f"worlds/mine/{section}", narrow)

    expect(page.locator(".top-world")).to_be_visible()
    expect(page.locator(".top-world")).to_have_text("World mine")


@pytest.mark.parametrize("width", [1100, 1280, 1512])
def test_the_third_of_the_open_handsets_is_not_cut_off(open_page: Any, world: Any, narrow: Any, width: int) -> None:
    numbers = ("5556667777", "3125550199", "2125550123")
    page = open_page(
        f"worlds/mine/conversations?{'&'.join(f'open={each}' for each in numbers)}",
        narrow._replace(width=width, height=800),
    )
    for number in numbers:
        pane = page.locator(f"#phone-{number}")
        box = pane.bounding_box()

        assert box is not None
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 800
        assert box["width"] >= 250
        expect(pane.get_by_role("button", name="Send as")).to_be_in_viewport()
