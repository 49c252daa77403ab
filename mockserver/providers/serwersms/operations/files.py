"""Files for MMS and voice messages: uploaded, or known by a URL (SW-84)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.entries import FILES, FileEntry
from mockserver.providers.serwersms.errors import (
    FileMissing,
    FileTooLarge,
    InvalidFile,
    MissingParameter,
    UnknownFileType,
)
from mockserver.providers.serwersms.file_types import EXTENSIONS, LARGEST, find_extension
from mockserver.providers.serwersms.listing import Selection, delete_entry, list_entries
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, TEXT, required, row
from mockserver.providers.serwersms.results import Listed, Shown, Written
from mockserver.providers.serwersms.webhooks import FETCH
from mockserver.sdk import (
    Account,
    Call,
    Decision,
    EntryStored,
    Event,
    IdReservation,
    Instant,
    Operation,
    State,
    assumed,
    choice,
    datetime_of,
    open_account_webhook,
    parse_parameters,
)

SIZE = 174562
"""SW-84: the size of a file that was added by its URL; that of the vendor's sample."""
_SOURCE = assumed("SW-84")
_TYPE = row("type", choice(tuple(EXTENSIONS), UnknownFileType), _SOURCE)
_ID = required("id", TEXT, _SOURCE)
_URL = row("url", TEXT, _SOURCE)
_FILE = row("file", TEXT, _SOURCE)
ADD = (required("type", choice(tuple(EXTENSIONS), UnknownFileType), _SOURCE), _URL, _FILE, row("name", TEXT, _SOURCE))
INDEX = (_TYPE,)
VIEW = (_ID, _TYPE)


class ShownFile(Struct, frozen=True):
    """A file, without its content."""

    id: str
    name: str
    size: int
    type: str
    date: datetime | None


def _show(file: FileEntry) -> ShownFile:
    return ShownFile(file.id, file.name, file.size, file.type, file.added)


def _find(values: Mapping[str, Any], account: Account, state: State) -> FileEntry:
    file: FileEntry | None = state.entries.get(account.key, FILES, values["id"])
    if file is None or values.get("type", file.type) != file.type:
        raise _ID.error(FileMissing, value=values["id"])
    return file


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the files, the newest first."""
    kind = parse_parameters(INDEX, call.values, blank=BLANK).get("type")
    where = None if kind is None else ("type", kind)
    found, _ = list_entries({}, state, Selection(account.key, FILES, where))
    return Decision(now, Listed(tuple(map(_show, found))), account=account.key, size=len(found))


def view(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show a file."""
    file = _find(parse_parameters(VIEW, call.values, blank=BLANK), account, state)
    return Decision(now, Shown(_show(file)), account=account.key)


def delete(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Delete a file."""
    file = _find(parse_parameters(VIEW, call.values, blank=BLANK), account, state)
    return delete_entry(file.id, account, now, FILES)


def add(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Add a file that is uploaded, or that stands at a URL."""
    values = parse_parameters(ADD, call.values, blank=BLANK)
    kind, name, content, size = values["type"], values.get("name"), b"", SIZE
    if "url" in values:
        at_url = _read_url(values["url"], kind, is_fetched=state.variants[quirks.FILE_URL.name] == "fetched")
        name = name or at_url
    elif "file" not in values:
        raise _URL.error(MissingParameter)
    else:
        extension, content = _read_upload(values["file"])
        name, size = name or f"plik.{extension}", len(content)
        if kind != "mms" or ("." in name and not _is_taken(name, kind)):
            raise _FILE.error(InvalidFile)
    events: tuple[Event, ...] = ()
    fetch = None
    if "url" in values and state.variants[quirks.FILE_URL.name] == "fetched":
        opened = open_account_webhook("serwersms", FETCH, account.key, values["url"], ids, at=now, due=now)
        events, fetch, size = (opened,), opened.delivery.number, 0
    file = FileEntry(ids.token(f"serwersms.{FILES}", 10), kind, name, size, datetime_of(now), content, fetch)
    events = (EntryStored(account.key, FILES, file), *events)
    return Decision(now, Written(id=file.id), events, account=account.key)


def _read_url(url: str, kind: str, *, is_fetched: bool) -> str:
    """Return the name of the file at a URL, by which alone it is judged unless it is fetched."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _URL.error(InvalidFile, value=url) from None
    name = unquote(parts.path.rpartition("/")[2])
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _URL.error(InvalidFile, value=url)
    if is_fetched:
        return name
    if "missing" in name.lower():
        raise _URL.error(FileMissing, value=url)
    if "too-large" in name.lower():
        raise _URL.error(FileTooLarge, value=url)
    if not _is_taken(name, kind):
        raise _URL.error(InvalidFile, value=url)
    return name


def _is_taken(name: str, kind: str) -> bool:
    return name.rpartition(".")[2].lower() in EXTENSIONS[kind]


def _read_upload(encoded: str) -> tuple[str, bytes]:
    """Return the extension and the content of an uploaded file, by which it is judged."""
    if len(encoded) > LARGEST * 3 // 2:
        raise _FILE.error(FileTooLarge)
    try:
        # A plus sign that was not encoded in a form is a space.
        content = b64decode(encoded.replace("\r", "").replace("\n", "").replace(" ", "+"), validate=True)
    except ValueError:
        raise _FILE.error(InvalidFile) from None
    if len(content) > LARGEST:
        raise _FILE.error(FileTooLarge)
    extension = find_extension(content, "mms", size=len(content))
    if extension is None:
        raise _FILE.error(InvalidFile)
    return extension, content


OPERATIONS = (
    Operation(
        name="files.add",
        source=_SOURCE,
        decide=add,
        parameters=ADD,
        common=CREDENTIALS,
        errors=(MissingParameter, FileTooLarge, FileMissing, InvalidFile),
        is_repeatable=False,
    ),
    Operation(name="files.index", source=_SOURCE, decide=index, parameters=INDEX, common=CREDENTIALS),
    Operation(
        name="files.view", source=_SOURCE, decide=view, parameters=VIEW, common=CREDENTIALS, errors=(FileMissing,)
    ),
    Operation(
        name="files.delete",
        source=_SOURCE,
        decide=delete,
        parameters=VIEW,
        common=CREDENTIALS,
        errors=(FileMissing,),
        is_repeatable=False,
    ),
)
