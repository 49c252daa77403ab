"""The settings of a server, set once at start. Only this module reads the environment.

Each field is a flag of ``mockserver serve`` and a variable: ``seed`` is ``--seed`` and ``MOCKSERVER_SEED``; only ``host`` and
``port`` have variables of other names, `MOCKSERVER_LISTEN_HOST` and `MOCKSERVER_HTTP_PORT`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

from mockserver.unpatched import is_file

_PREFIX = "MOCKSERVER_"
_OTHER_VARIABLES = {"host": "MOCKSERVER_LISTEN_HOST", "port": "MOCKSERVER_HTTP_PORT"}
"""Settings whose variable is not the prefix and the field's name: another product's client reads MOCKSERVER_HOST and
MOCKSERVER_PORT as the place to connect to."""
HTTP_PORT, HTTPS_PORT, PROXY_PORT = 7670, 7671, 7672
_TRUTHS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
URL_VARIABLE, WORLD_VARIABLE = "MOCKSERVER_URL", "MOCKSERVER_WORLD_ID"
"""Variables by which client commands find a server and a world; not settings of a server."""
PROXY_VARIABLE = "MOCKSERVER_PROXY_URL"
"""The variable that names a server's forward proxy to the children of `exec` and `env`; not a setting of a server."""

AN_INSTANT = "2026-06-01T12:00:00Z"
"""An example of an instant, for error messages."""


class Bounds(NamedTuple):
    """The bounds of a whole number, both included."""

    least: int
    most: int | None = None


Port: TypeAlias = Annotated[int, Bounds(0, 65535)]
Counted: TypeAlias = Annotated[int, Bounds(1)]


class BadSetting(ValueError):
    """A setting's text cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a server."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Port = HTTP_PORT
    """The HTTP port; 0 picks a free one."""
    https: bool = True
    """Whether `mockserver serve` listens for HTTPS too."""
    https_port: Port | None = None
    """The HTTPS port: 7671 when none is given, or a free one when ``port`` is not the default."""
    proxy: bool = True
    """Whether `mockserver serve` offers the forward proxy."""
    proxy_port: Port | None = None
    """The forward proxy's port: 7672 when none is given, or a free one when ``port`` is not the default."""
    names: tuple[str, ...] = ()
    """Other names by which clients reach the server, separated by commas, such as that of its service in compose: the HTTPS
    certificate includes them, and the control API answers to them."""
    allow_hosts: tuple[str, ...] = ()
    """Other hosts that the proxy connects to, separated by commas; ``*.example.com`` stands for all subdomains, ``*`` for all
    hosts."""
    other_hosts: Literal["block", "pass"] = "block"
    """Where the proxy connects beside that: to loopback and private addresses for clients of this machine (``block``), or to
    every host (``pass``). A host in a provider's domain is reached only if ``allow_hosts`` names it."""
    ca: Path | None = None
    """The folder of the certificate authority; one in the user's cache when none is given."""
    world: Path | None = None
    """The world file of the default world; the shipped one when none is given."""
    keep_unknown: bool = False
    """Whether the world file's accounts of providers that are not installed are kept, unread, for snapshots; else they are an error."""
    seed: str = "default"
    """The seed of identifiers and chance."""
    freeze: str | None = None
    """The ISO 8601 instant at which the default world's clock is frozen; it runs when none is given."""
    state: str | None = None
    """Where the worlds are kept: a file, made by the first start, or ``postgresql://USER@HOST/DATABASE``. When none is given, they
    end with the process."""
    state_sync: Literal["normal", "full"] = "normal"
    """What an acknowledged request survives in a file: the end of the process, also by ``kill -9`` (``normal``), or loss of power
    too (``full``), which is slower."""
    state_journal: Literal["on", "off"] = "on"
    """Whether the journal is kept in the state too."""
    state_history: Counted = 10_000
    """Commits of each world that are kept with their exchanges when a snapshot has made them superfluous."""
    reload: bool = False
    """Whether ``mockserver serve`` watches the world file, and restarts the default world when it changes."""
    unknown_credentials: Literal["reject", "adopt"] = "reject"
    """``reject`` them as the provider does, or ``adopt`` them: each gets a world of its own."""
    token: str | None = None
    """The token that the control API requires when other machines can reach it; when none is given, the one that is kept in
    ``data``, which is generated at the first start."""
    data: Path | None = None
    """The folder that keeps the token between starts; one in the user's data folder when none is given."""
    needs_token: bool = True
    """Whether the control API requires a token when other machines can reach it."""
    wsgi: bool = False
    """Whether every request passes through the Flask application, as under other WSGI servers; else provider requests are
    handled directly by the connection."""
    shows_exchange: bool = True
    """Whether a provider error carries ``X-Mockserver-Exchange: N``."""
    trusted_proxies: str = "private"
    """The peers whose ``Forwarded`` and ``X-Forwarded-*`` headers tell the URL that a client used: ``private`` (loopback and
    private addresses), ``any``, ``none``, or addresses and networks, separated by commas."""
    webhook_targets: str = "private"
    """Where webhooks may be sent: ``private`` (loopback and private addresses), ``any``, or ``host:port`` names that are
    allowed beside the private ones, separated by commas. Link-local and metadata addresses are never called."""
    webhook_timeout: Annotated[int, Bounds(1, 3600)] = 10
    """Seconds that one webhook attempt may take."""
    webhook_redirects: Annotated[int, Bounds(0, 20)] = 0
    """The number of redirects that a webhook attempt follows."""
    journal_bytes: Counted = 32 * 2**20
    """Bytes that all journals together may hold."""
    journal_length: Counted = 10_000
    """Exchanges that each world's journal may hold."""
    body_bytes: Counted = 8 * 2**20
    """Bytes of a request body that are read."""
    head_bytes: Annotated[int, Bounds(1024)] = 64 * 2**10
    """Bytes of a request's line and headers that are read."""
    idle_seconds: Counted = 75
    """Seconds that an idle connection is kept open."""
    slow_seconds: Counted = 120
    """Seconds that a client may take to send a body, or to take a response, beyond what it needs at 500 bytes a second; then
    it is disconnected."""
    log: Literal["quiet", "errors", "all"] = "errors"
    """What is logged on stderr."""

    def with_token(self) -> Settings:
        """Return these settings, with a generated token if the control API requires one and none was given."""
        if self.token or self.is_private or not self.needs_token:
            return self
        return replace(self, token=token_hex(16))

    def choose_port(self, given: int | None, default: int) -> int:
        """Return the port of a second listener: the given one, else the default one if `port` has its default, else 0 for a free one."""
        if given is not None:
            return given
        return default if self.port == HTTP_PORT else 0

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names, beside this machine's, by which the server is reached: the given ones and the address that it listens on."""
        return self.names if self.is_private or self.listens_everywhere else (*self.names, self.host)

    @property
    def listens_everywhere(self) -> bool:
        """Whether the server listens on every address of this machine."""
        return self.host in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> tuple[Settings, list[str]]:
        """Read settings from the environment; returns them with a sentence for each unknown variable.

        Raises:
            BadSetting: a value cannot be read.
        """
        environ = os.environ if environ is None else environ
        types = types_of_settings()
        names = {variable_of(field.name): field.name for field in fields(cls)}
        given = {names[key]: _read(key, text, types[names[key]]) for key, text in environ.items() if key in names}
        unknown = [
            key
            for key in sorted(environ)
            if key.startswith(_PREFIX) and key not in {*names, URL_VARIABLE, WORLD_VARIABLE, PROXY_VARIABLE}
        ]
        return cls(**given), [_unknown(key, names) for key in unknown]


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return _OTHER_VARIABLES.get(name, _PREFIX + name.upper())


def read_variable(variable: str) -> str | None:
    """Return the text of an environment variable; ``None`` when it is missing or empty."""
    return os.environ.get(variable) or None


def types_of_settings() -> dict[str, Any]:
    """Return the type of each setting, with the `Bounds` of whole numbers."""
    return get_type_hints(Settings, include_extras=True)


def bounds_of(kind: Any) -> Bounds | None:
    """Return the bounds of a whole number's type; ``None`` for another type."""
    for part in (kind, *get_args(kind)):
        if get_origin(part) is Annotated:
            bounds: Bounds = part.__metadata__[0]
            return bounds
    return None


def environment() -> dict[str, str]:
    """Return a copy of this process's environment, for a child process."""
    return dict(os.environ)


def _read(key: str, text: str, kind: Any) -> Any:
    if kind == Path | None:
        return Path(text)
    if kind is bool:
        return _TRUTHS[_one_of(_TRUTHS, key, text)]
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind), key, text)
    if kind == tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in text.split(","))))
    bounds = bounds_of(kind)
    return text if bounds is None else _whole(key, text, bounds)


def _whole(key: str, text: str, bounds: Bounds) -> int:
    least, most = bounds
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        meant = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise BadSetting(f"{key} must be a whole number {meant}, not {text!r}")
    return number


def _one_of(words: Collection[str], key: str, text: str) -> str:
    word = text.strip().lower()
    if word not in words:
        raise BadSetting(f"{key} must be one of {', '.join(words)}, not {text!r}")
    return word


def _unknown(key: str, names: Mapping[str, str]) -> str:
    ours = _OTHER_VARIABLES.get(key.removeprefix(_PREFIX).lower())
    if ours is not None:
        return f"{key} is not read, because another product's client uses it; set {ours} instead"
    near = get_close_matches(key, names, 1)
    return f"{key} is not known" + (f"; did you mean {near[0]}?" if near else "")


def process_environment() -> MutableMapping[str, str]:
    """Return this process's environment itself, for callers that change it temporarily."""
    return os.environ


def fixtures_folder() -> Path:
    """Return the folder of the shipped fixtures: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "fixtures"
    return inside if is_file(inside / "worlds" / "demo.json") else Path(__file__).parent.parent / "fixtures"
