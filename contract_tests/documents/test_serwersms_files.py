"""SerwerSMS's files/*, in the order of the vendor's tests, with every parameter and every error."""

from __future__ import annotations

import struct
from base64 import b64encode
from io import BytesIO

import pytest

from contract_tests.documents.serwersms_api import USER, open_api
from contract_tests.documents.test_serwersms_forwarding import Sender
from mockserver.engine.accounts import Credential
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.events import EntryDeleted
from mockserver.providers.serwersms import SERWERSMS
from mockserver.sdk.operations import Call

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
def test_sw_84_the_vendors_order_of_calls_acts_on_the_file_that_was_added_last(api, way, kind, name):
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


def test_sw_84_a_file_in_base64_is_kept(api):
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


def test_sw_84_a_part_of_a_multipart_body_is_a_file_with_its_name(api):
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
def test_sw_84_a_file_without_a_name_is_called_by_its_content(api, content, name):
    added = api.form("files/add", type="mms", file=encoded(content))

    assert api.form("files/view", id=added["id"])["name"] == name


@pytest.mark.parametrize("extension", ["gif", "jpeg", "jpg", "PNG", "txt"])
def test_sw_84_the_extensions_of_mms(api, extension):
    assert api.code("files/add", type="mms", url=URL.format(f"a.{extension}")) is None


def test_sw_84_the_largest_file_has_a_mebibyte(api):
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


def test_sw_84_a_file_is_not_found_by_another_type(api):
    added = api.form("files/add", type="mms", url=URL.format("a.jpg"))

    assert api.code("files/view", id=added["id"], type="voice") == 4001
    assert api.code("files/view", id=added["id"], type="mms") is None


def test_the_answers_in_xml(api):
    added = api.form("files/add", type="mms", url=URL.format("a%20b.jpg"))

    assert api.xml("files/index", type="mms") == (
        f"<response><items><item><id>{added['id']}</id><name>a b.jpg</name><size>174562</size><type>mms</type>"
        f"<date>{AT}</date></item></items></response>"
    )


def test_a_snapshot_holds_what_was_uploaded(api):
    added = api.form("files/add", type="mms", file=encoded(PNG))
    snapshot = api.client.get("/_mock/worlds/default/snapshot").json

    created = api.client.post("/_mock/worlds", json={"snapshot": snapshot}).json["id"]
    (row,) = api.client.get(f"/_mock/worlds/{created}/snapshot").json["accounts"][0]["collections"]["files"]
    assert (row["id"], row["content"]) == (added["id"], encoded(PNG))


# -- fetched -----------------------------------------------------------------------------------------------------------

WAV = (
    b"RIFF\x24\x00\x00\x00WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16) + b"data\x00\x00\x00\x00"
)
STEREO = WAV.replace(b"\x01\x00\x01\x00", b"\x01\x00\x02\x00")


FETCHED = {"serwersms.files.url": "fetched"}


class Fetching(Sender):
    """A world in which the URLs of files are called."""

    def __init__(self):
        super().__init__(**FETCHED)

    def add(self, kind, url):
        values = {"type": kind, "url": url, "method": "POST", "suffix": "json"}
        return self.commit(SERWERSMS.decide, Call("files.add", values, Credential("serwersms", "Login", "Haslo")))

    def files(self):
        return [(file.name, file.size, file.fetch) for file in self.state.entries.all("serwersms/own", "files")]


def fetched(kind, outcome):
    """The files, and whether the delivery was acknowledged, after a URL was called."""
    own = Fetching()
    own.add(kind, URL.format("a"))
    own.attempt(outcome)
    return own.files(), own.state.deliveries[1].status


def test_sw_84_in_the_other_variant_the_url_of_a_file_is_called_as_a_webhook_is():
    own = Fetching()
    decision = own.add("mms", URL.format("logo"))

    assert own.state.variants.items() >= FETCHED.items()
    assert own.files() == [("logo", 0, 1)]
    assert [type(event).__name__ for event in decision.events] == ["EntryStored", "DeliveryOpened"]
    assert SERWERSMS.build_webhook(own.state.deliveries[1], own.state) == OutgoingRequest("GET", URL.format("logo"))
    own.attempt(Outcome(200, (), PNG))
    assert own.files() == [("logo", len(PNG), None)]
    assert own.state.deliveries[1].attempts[0].result == "the file was fetched"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("mms", Outcome(404, (), PNG)),
        ("mms", Outcome(error="10.0.0.1 is a private address")),
        ("mms", Outcome(200, (), b"MZ\x00")),
        ("mms", Outcome(200, (), b"")),
        ("mms", Outcome(200, (("Content-Length", "1048577"),), PNG)),
        ("voice", Outcome(200, (), PNG)),
        ("voice", Outcome(200, (), STEREO)),
        ("voice", Outcome(200, (("Content-Length", "960045"),), WAV)),
    ],
    ids=str,
)
def test_sw_84_what_is_not_there_or_not_taken_is_deleted_and_not_called_again(kind, outcome):
    assert fetched(kind, outcome) == ([], "given up")


@pytest.mark.parametrize(
    ("kind", "outcome", "size"),
    [
        ("voice", Outcome(200, (), WAV), 44),
        ("voice", Outcome(200, (("content-length", "960044"),), WAV), 960044),
        ("mms", Outcome(200, (("Content-Length", "1048576"),), PNG), 1048576),
        ("mms", Outcome(200, (("Content-Length", "70000"),), "aą".encode()[:2]), 70000),
        ("mms", Outcome(200, (("Content-Length", "x"),), b"GIF89a"), 6),
    ],
    ids=str,
)
def test_sw_84_the_beginning_of_a_file_and_its_length_are_looked_at(kind, outcome, size):
    assert fetched(kind, outcome) == ([("a", size, None)], "acknowledged")


def test_sw_84_a_file_that_was_deleted_meanwhile_stays_deleted():
    own = Fetching()
    own.add("mms", URL.format("a"))
    (file,) = own.state.entries.all("serwersms/own", "files")
    own.state.apply(EntryDeleted("serwersms/own", "files", file.id))

    own.attempt(Outcome(200, (), PNG))

    assert (own.files(), own.state.deliveries[1].status) == ([], "acknowledged")
