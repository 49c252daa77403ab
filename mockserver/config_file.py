"""The configuration file: ``mockserver.toml``, or the table ``[tool.mockserver]`` of a ``pyproject.toml``.

Its keys are those of `settings.definitions`; the table ``client`` says which server and world the client commands use. The
nearest file is found from the current folder upwards. Paths in it are relative to its folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.engine.instants import parse_instant
from mockserver.settings import AN_INSTANT, HTTP_PORT, Definition, definitions
from mockserver.validation.json_schema import find_schema_errors, object_schema
from mockserver.validation.messages import FileError, show_value

NAME, PROJECT = "mockserver.toml", "pyproject.toml"
TABLE = ("tool", "mockserver")
"""Where a project's file has the settings."""
CLIENT = "client"
"""The table of the client commands."""
_CLIENT_KEYS = {
    "url": "The server that client commands use; the one that the file's own host and port say when it is missing.",
    "world": "The id of the world that client commands use; default when it is missing.",
}


class ConfigFile(NamedTuple):
    """A configuration file that has been read and checked."""

    path: Path
    settings: Mapping[str, Any]
    """The settings that it gives, by name, as `Settings` takes them."""
    url: str | None
    """The URL of the server that client commands use."""
    world: str | None
    """The id of the world that client commands use."""


def find_config_file(folder: Path) -> Path | None:
    """Return the nearest configuration file of a folder or of one above it."""
    for each in (folder, *folder.parents):
        if (own := each / NAME).is_file():
            return own
        if (project := each / PROJECT).is_file() and _has_table(project):
            return project
    return None


def _has_table(project: Path) -> bool:
    try:
        found = project.read_bytes()
    except OSError:  # another tool's matter
        return False
    try:
        return b"mockserver" in found and _table(tomllib.loads(found.decode())) is not None
    except (
        ValueError
    ):  # a file that names the table is read, and its error reported; another one is another tool's matter
        return b"[tool.mockserver" in found


def _table(document: Mapping[str, Any]) -> Any:
    tool = document.get(TABLE[0], {})
    return tool.get(TABLE[1]) if isinstance(tool, dict) else None


def read_config_file(path: Path) -> ConfigFile:
    """Read a configuration file.

    Raises:
        FileError: it is invalid; the first error of it.
        OSError: it cannot be read.
    """
    content, error = _load(path), next(find_config_errors(path), None)
    if error is not None:
        raise error
    known = definitions()
    by_key = {each.key: each for each in known.values()}
    settings = {
        by_key[key].name: _convert(by_key[key], value, path.parent) for key, value in content.items() if key in by_key
    }
    client = content.get(CLIENT, {})
    return ConfigFile(path, settings, client.get("url") or _own_url(settings), client.get("world"))


def find_config_errors(path: Path) -> Iterator[FileError]:
    """Yield the errors of a configuration file, the one to report first.

    Raises:
        OSError: it cannot be read.
    """
    try:
        content = _load(path)
    except FileError as reason:
        yield reason
        return
    place = TABLE if path.name == PROJECT else ()
    is_valid = True
    for error in find_schema_errors(content, config_schema(), place):
        is_valid = False
        yield FileError(error.difference, error.place, path)
    if is_valid and "freeze" in content:
        try:
            parse_instant(content["freeze"])
        except ValueError:
            difference = f"{show_value(content['freeze'])} is not an instant; one is {AN_INSTANT}"
            yield FileError(difference, (*place, "freeze"), path)


def _load(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except ValueError as reason:
        raise FileError(f"is not TOML: {reason}", (), path) from reason
    if path.name != PROJECT:
        return _with_texts(document)  # type: ignore[no-any-return]  # a table stays one
    content = _table(document)
    if content is None:
        raise FileError(f"has no table [{'.'.join(TABLE)}]", (), path)
    if not isinstance(content, dict):
        raise FileError("is not a table", TABLE, path)
    return _with_texts(content)  # type: ignore[no-any-return]  # a table stays one


def _with_texts(value: Any) -> Any:
    """Return a value of TOML with each date and time as text, as a user may write an instant."""
    if isinstance(value, dict):
        return {key: _with_texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_texts(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _convert(definition: Definition, value: Any, folder: Path) -> Any:
    if definition.is_list:
        return tuple(value)
    if definition.kind == Path | None:
        return folder / value
    if definition.name == "state" and not value.startswith(("postgresql:", "postgresql+")):
        return str(folder / value)
    return value


def _own_url(settings: Mapping[str, Any]) -> str | None:
    """Return the URL of the server that the settings describe; ``None`` where it is the usual one or not known before it starts."""
    port, host = settings.get("port", HTTP_PORT), settings.get("host", "127.0.0.1")
    if port == 0 or (port == HTTP_PORT and "host" not in settings):
        return None
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


@lru_cache(maxsize=1)
def config_schema() -> dict[str, Any]:
    """Return the JSON Schema by which files are checked: a description completes the sentence "... is not"."""
    client = {
        name: {"type": "string", "minLength": 1, "description": "a text of at least one character"}
        for name in _CLIENT_KEYS
    }
    return object_schema(
        "a table",
        **{each.key: each.schema for each in definitions().values()},
        **{CLIENT: object_schema("a table", **client)},
    )


def published_schema() -> dict[str, Any]:
    """Return the JSON Schema for editors: a description says what a key sets."""
    properties = {
        each.key: {
            **each.schema,
            "description": each.about,
            **({} if each.default in (None, ()) else {"default": each.default}),
        }
        for each in definitions().values()
    }
    client = {name: {"type": "string", "minLength": 1, "description": about} for name, about in _CLIENT_KEYS.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": NAME,
        **object_schema(
            "The configuration of mockserver: settings of the server, and in `client` those of the commands that use one.",
            **properties,
            **{CLIENT: object_schema("The server and the world that client commands use.", **client)},
        ),
    }
