"""The answers of the command palette, which the server finds and ranks."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World

PATH = "/_mock/ui/worlds/default/palette"


@pytest.fixture
def asked(service: Any) -> Client:
    client: Client = service.app.test_client()
    return client


def labels(asked: Client, text: str, kind: str = "") -> list[str]:
    answers = asked.get(PATH, query_string={"q": text}).get_json()["answers"]
    return [each["label"] for each in answers if kind in ("", each["kind"])]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("con", "Conversations"),
        ("CLOCK", "Clock"),
        ("5 min", "Advance 5 min"),
        ("default", "default"),
        ("jacak", "Aleks Jacak 48500602201"),
        ("mgage.age", "mgage.age"),
    ],
)
def test_the_best_answer_comes_first(asked: Client, text: str, first: str) -> None:
    assert first == labels(asked, text)[0]


def test_without_a_text_the_sections_come_first_and_all_of_them(asked: Client) -> None:
    sections = ["Start", "Exchanges", "Conversations", "Webhooks", "Faults", "Variants", "Clock", "Worlds", "Demos"]

    assert sections == labels(asked, "")[:9]


def test_a_number_leads_to_its_exchange_however_old_it_is(asked: Client, registry: WorldRegistry) -> None:
    world: World = registry.default
    for _ in range(600):
        asked.get("/ibp_api.php?action=none")
    assert 600 == world.journal.last

    assert "3 none" == labels(asked, "3", "Exchange")[0]
    assert [] == labels(asked, "601", "Exchange")


def test_nothing_is_found_for_what_nothing_is_called(asked: Client) -> None:
    assert {"query": "qqzzxx", "answers": []} == asked.get(PATH, query_string={"q": " qqzzxx "}).get_json()


def test_what_a_client_sent_is_found_even_if_it_is_not_unicode(asked: Client, registry: WorldRegistry) -> None:
    asked.get("/nowhere/%ff?x=%ed%a0%80")

    assert 1 == len(labels(asked, "nowhere", "Exchange"))


def test_an_action_has_a_form_that_returns_to_the_page(asked: Client) -> None:
    query = {"q": "resume", "back": "/_mock/ui/worlds/default/faults"}
    (answer,) = asked.get(PATH, query_string=query).get_json()["answers"]
    response = asked.post(answer["url"], data=answer["form"])

    assert ("Action", "Resume the clock") == (answer["kind"], answer["label"])
    assert (303, query["back"]) == (response.status_code, response.headers["Location"])
    assert ["Freeze the clock"] == labels(asked, "freeze", "Action")
