"""The forms of the faults section offer each operation, and the page renders the long list of operations once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.ui import faults

PAGE = "/_mock/ui/worlds/default/faults"


class CountedList(list[Any]):
    """A list that counts how often it is gone over."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        self.times += 1
        return super().__iter__()


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> list[CountedList]:
    """The list of operations of each page that is rendered from now on."""
    found, view_model = list[CountedList](), faults.view_model

    def counted(page_request: Any) -> dict[str, Any]:
        values = view_model(page_request)
        found.append(CountedList(values["operations"]))
        return {**values, "operations": found[-1]}

    monkeypatch.setattr(faults, "view_model", counted)
    return found


@pytest.fixture
def asked(service: Any) -> Client:
    client: Client = service.app.test_client()
    return client


OPTION = '<option value="dialogtech|sms.send_message">sms.send_message</option>'


def test_the_operations_are_rendered_once_for_all_kinds_of_faults(asked: Client, lists: list[CountedList]) -> None:
    text = asked.get(PAGE).text

    assert [1] == [each.times for each in lists]
    assert text.count(">every request</option>") == text.count(OPTION) > 10


def test_a_form_that_was_rejected_keeps_its_operation(asked: Client, lists: list[CountedList]) -> None:
    sent = {
        "do": "add",
        "target": "response",
        "kind": "delay",
        "seconds": "never",
        "operation": "dialogtech|sms.send_message",
    }
    text = asked.post(PAGE, data=sent, headers={"Origin": "http://localhost"}).text

    assert [2] == [each.times for each in lists]
    assert 1 == text.count(OPTION.replace('">', '" selected>'))
    assert text.count(">every request</option>") == text.count(OPTION) + 1
