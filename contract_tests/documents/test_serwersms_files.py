"""SerwerSMS's files/*, in the order of the vendor's tests, with every parameter and every error."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import pytest

from contract_tests.documents.serwersms_api import USER, open_api

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
URL = "http://files.example/{}"
AT = "2026-06-01 14:00:00"


@pytest.fixture
def api(open_registry):
    return open_api(open_registry)


def encoded(content):
    return b64encode(content).decode()


@pytest.mark.parametrize("way", ["form", "json"])
@pytest.mark.parametrize(("kind", "name"), [("mms", "demo.jpg"), ("voice", "demo.wav")])
def test_sw_86_the_vendors_order_of_calls_acts_on_the_file_that_was_added_last(api, way, kind, name):
    ask = getattr(api, way)
    ask("files/add", type=kind, url=URL.format(f"other/first-{name}"))

    added = ask("files/add", type=kind, url=URL.format(name))
    assert list(added) == ["success", "id"]
    assert (added["success"], len(added["id"])) == (True, 10)
    first = ask("files/index", type=kind)["items"][0]
    assert first == {"id": added["id"], "name": name, "size": 174562, "type": kind, "date": AT}
    assert ask("files/view", id=first["id"], type=kind) == first
    assert ask("files/delete", id=first["id"], type=kind) == {"success": True}
    assert [each["name"] for each in ask("files/index", type=kind)["items"]] == [f"first-{name}"]
    assert ask("files/index", type="voice" if kind == "mms" else "mms") == {"items": []}


def test_sw_86_a_file_in_base64_is_kept(api):
    added = api.json("files/add", type="mms", url="", file=encoded(PNG), name="logo.png")

    assert api.json("files/view", id=added["id"]) == {
        "id": added["id"],
        "name": "logo.png",
        "size": len(PNG),
        "type": "mms",
        "date": AT,
    }
    (entry,) = api.world.state.entries.all("serwersms/own", "files")
    assert entry.content == PNG


def test_sw_86_a_part_of_a_multipart_body_is_a_file_with_its_name(api):
    data = {**USER, "type": "mms", "file": (BytesIO(PNG), "zdjęcie.png", "image/png")}
    added = api.client.post("/files/add", data=data).json

    assert api.form("files/view", id=added["id"])["name"] == "zdjęcie.png"
    assert api.world.state.entries.get("serwersms/own", "files", added["id"]).content == PNG


def test_a_multipart_name_counts_before_that_of_the_file(api):
    data = {**USER, "type": "mms", "file": (BytesIO(PNG), "a.png"), "name": "b.png"}

    assert api.form("files/view", id=api.client.post("/files/add", data=data).json["id"])["name"] == "b.png"


@pytest.mark.parametrize(
    ("content", "name"),
    [(PNG, "plik.png"), (b"GIF89a\x00", "plik.gif"), (b"\xff\xd8\xff\xe0", "plik.jpg"), ("Łódź".encode(), "plik.txt")],
)
def test_sw_86_a_file_without_a_name_is_called_by_its_content(api, content, name):
    added = api.form("files/add", type="mms", file=encoded(content))

    assert api.form("files/view", id=added["id"])["name"] == name


@pytest.mark.parametrize("extension", ["gif", "jpeg", "jpg", "PNG", "txt"])
def test_sw_86_the_extensions_of_mms(api, extension):
    assert api.code("files/add", type="mms", url=URL.format(f"a.{extension}")) is None


def test_sw_86_the_largest_file_has_a_mebibyte(api):
    most = b"x" * 1024 * 1024

    assert api.json("files/add", type="mms", file=encoded(most))["success"] is True
    for content in (most + b"x", most * 2):
        assert api.json("files/add", type="mms", file=encoded(content))["error"] == {
            "code": 4000,
            "type": "FileError",
            "message": "File is too large",
        }


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("add", {"url": URL.format("a.jpg")}, 2000),
        ("add", {"type": "mms"}, 2000),
        ("add", {"type": "fax", "url": URL.format("a.jpg")}, 1006),
        ("add", {"type": "mms", "url": URL.format("a.wav")}, 4002),
        ("add", {"type": "voice", "url": URL.format("a.jpg")}, 4002),
        ("add", {"type": "mms", "url": URL.format("demo")}, 4002),
        ("add", {"type": "mms", "url": "ftp://files.example/a.jpg"}, 4002),
        ("add", {"type": "mms", "url": "a.jpg"}, 4002),
        ("add", {"type": "mms", "url": "http://[x/a.jpg"}, 4002),
        ("add", {"type": "mms", "url": URL.format("is-missing.jpg")}, 4001),
        ("add", {"type": "mms", "url": URL.format("too-large.jpg")}, 4000),
        ("add", {"type": "mms", "file": "no base64!"}, 4002),
        ("add", {"type": "mms", "file": encoded(b"\x00\x01")}, 4002),
        ("add", {"type": "mms", "file": encoded(b"MZ"), "name": "a.exe"}, 4002),
        ("add", {"type": "voice", "file": encoded(PNG)}, 4002),
        ("view", {}, 2000),
        ("view", {"id": "b67d70c22d"}, 4001),
        ("delete", {}, 2000),
        ("delete", {"id": "b67d70c22d", "type": "mms"}, 4001),
        ("index", {"type": "fax"}, 1006),
    ],
)
def test_every_error_of_files(api, action, parameters, code):
    assert api.code(f"files/{action}", **parameters) == code


def test_sw_86_a_file_is_not_found_by_another_type(api):
    added = api.form("files/add", type="mms", url=URL.format("a.jpg"))

    assert api.code("files/view", id=added["id"], type="voice") == 4001
    assert api.code("files/view", id=added["id"], type="mms") is None


def test_the_answers_in_xml(api):
    added = api.form("files/add", type="mms", url=URL.format("a%20b.jpg"))

    assert api.xml("files/index", type="mms") == (
        f"<response><items><item><id>{added['id']}</id><name>a b.jpg</name><size>174562</size><type>mms</type>"
        f"<date>{AT}</date></item></items></response>"
    )
