"""SerwerSMS's templates/*, in the order of the vendor's tests, with every parameter and every error."""

from __future__ import annotations

import pytest

from contract_tests.documents.serwersms_api import open_api


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


@pytest.mark.parametrize("way", ["form", "json"])
def test_sw_83_the_vendors_order_of_calls_acts_on_the_template_that_was_added_last(api, way):
    ask = getattr(api, way)
    ask("templates/add", name="Inny", text="x")

    assert ask("templates/add", name="Nazwa", text="Zażółć #IMIE#") == {"success": True, "id": 8417}
    first = ask("templates/index")["items"][0]
    assert first == {"id": 8417, "name": "Nazwa", "text": "Zażółć #IMIE#"}
    assert ask("templates/view", id=8417) == first
    assert ask("templates/edit", id=8417, name="Nowa", text="Inna") == {"success": True, "id": 8417}
    assert ask("templates/view", id=8417) == {"id": 8417, "name": "Nowa", "text": "Inna"}
    assert ask("templates/edit", id=8417, text="Sama treść") == {"success": True, "id": 8417}
    assert ask("templates/view", id=8417) == {"id": 8417, "name": "Nowa", "text": "Sama treść"}
    assert ask("templates/delete", id=8417) == {"success": True}
    assert ask("templates/index") == {"items": [{"id": 8416, "name": "Inny", "text": "x"}]}


def test_sw_83_the_answers_in_xml(api):
    assert api.xml("templates/add", name="a", text="b") == "<response><success>true</success><id>8416</id></response>"
    assert api.xml("templates/index") == (
        "<response><items><item><id>8416</id><name>a</name><text>b</text></item></items></response>"
    )


def test_sw_78_templates_are_sorted(api):
    for name in ("b", "A", "c"):
        api.form("templates/add", name=name, text="x")

    def names(**parameters):
        return [each["name"] for each in api.form("templates/index", **parameters)["items"]]

    assert names() == ["c", "A", "b"]
    assert names(sort="name") == ["A", "b", "c"]
    assert names(sort="name", order="desc") == ["c", "b", "A"]
    assert names(order="asc") == ["b", "A", "c"]


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("add", {"name": "a"}, 2000),
        ("add", {"text": "a"}, 2000),
        ("view", {}, 2000),
        ("view", {"id": "1"}, 1004),
        ("edit", {"name": "a", "text": "b"}, 2000),
        ("edit", {"id": "1", "name": "a", "text": "b"}, 1004),
        ("delete", {}, 2000),
        ("delete", {"id": "1"}, 1004),
        ("index", {"sort": "text"}, 1006),
        ("index", {"order": "up"}, 1006),
    ],
)
def test_every_error_of_templates(api, action, parameters, code):
    assert api.code(f"templates/{action}", **parameters) == code
