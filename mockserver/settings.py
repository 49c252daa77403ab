"""The settings of a server, set once at start. Only this module reads the environment.

Each field is a flag of ``mockserver serve``, a variable and a key of `mockserver.toml`: ``state_sync`` is ``--state-sync``,
``MOCKSERVER_STATE_SYNC`` and ``state-sync``. Only ``host`` and ``port`` have variables of other names,
`MOCKSERVER_LISTEN_HOST` and `MOCKSERVER_HTTP_PORT`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from functools import lru_cache
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
CONFIG_VARIABLE = "MOCKSERVER_CONFIG"
"""The variable that names the configuration file; not a setting of a server."""

AN_INSTANT = "2026-06-01T12:00:00Z"
"""An example of an instant, for error messages."""


class Bounds(NamedTuple):
    """The bounds of a whole number, both included."""

    least: int
    most: int | None = None

    @property
    def in_words(self) -> str:
        """The bounds as they stand in a sentence after "a whole number"."""
        return f"of at least {self.least}" if self.most is None else f"from {self.least} to {self.most}"


Port: TypeAlias = Annotated[int, Bounds(0, 65535)]
Counted: TypeAlias = Annotated[int, Bounds(1)]


class BadSetting(ValueError):
    """A setting's text cannot be read."""


def _about(
    about: str, *, flag: str | None = None, flag_about: str | None = None, metavar: str | None = None
) -> dict[str, Any]:
    """Return what is said of a setting beside its type and default; the arguments are those of `Definition`."""
    return {"about": about, "flag": flag, "flag_about": flag_about, "metavar": metavar}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a server: each field is defined here once, and `definitions` tells its names, values and meaning."""

    host: str = field(default="127.0.0.1", metadata=_about("Address to listen on."))
    names: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Names by which clients reach the server, such as that of its service in compose, for its HTTPS certificate and its control API.",
            flag="--name",
            metavar="NAME",
        ),
    )
    port: Port = field(default=HTTP_PORT, metadata=_about("Port to listen on; 0 picks a free one."))
    https_port: Port | None = field(
        default=None, metadata=_about("Port for HTTPS; 7671, or a free one with another port for HTTP.")
    )
    proxy_port: Port | None = field(
        default=None, metadata=_about("Port for the forward proxy; 7672, or a free one with another port for HTTP.")
    )
    https: bool = field(
        default=True, metadata=_about("Whether to listen for HTTPS.", flag_about="Do not listen for HTTPS.")
    )
    proxy: bool = field(
        default=True, metadata=_about("Whether to start the forward proxy.", flag_about="Do not start the proxy.")
    )
    world: Path | None = field(
        default=None, metadata=_about("World file of the default world; the shipped one when none is given.")
    )
    reload: bool = field(default=False, metadata=_about("Reset the default world when the world file changes."))
    keep_unknown: bool = field(
        default=False,
        metadata=_about(
            "Keep the accounts of providers that are not installed, unread, for snapshots; else they are an error."
        ),
    )
    seed: str = field(default="default", metadata=_about("Seed of the generated identifiers and of chance."))
    freeze: str | None = field(
        default=None,
        metadata=_about(
            "Instant at which the default world's clock is frozen, in ISO 8601; it runs when none is given.",
            metavar="INSTANT",
        ),
    )
    unknown_credentials: Literal["reject", "adopt"] = field(
        default="reject",
        metadata=_about("Treatment of unknown credentials: the provider's error, or a new world for each."),
    )
    state: str | None = field(
        default=None,
        metadata=_about(
            "File, made by the first start, or postgresql:// URL in which all worlds are kept; without it they end with the process.",
            metavar="FILE|URL",
        ),
    )
    state_sync: Literal["normal", "full"] = field(
        default="normal",
        metadata=_about(
            "What an acknowledged request survives in a file: kill -9, or loss of power too, which is slower."
        ),
    )
    state_journal: Literal["on", "off"] = field(
        default="on", metadata=_about("Whether the journal is kept in the state.")
    )
    state_history: Counted = field(
        default=10_000, metadata=_about("Commits of each world that the state keeps behind its latest snapshot.")
    )
    allow_hosts: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Hosts to which the proxy forwards beside the providers', *.example.com for subdomains, or '*' for all.",
            flag="--allow-host",
            metavar="HOST",
        ),
    )
    other_hosts: Literal["block", "pass"] = field(
        default="block",
        metadata=_about(
            "block: of other hosts the proxy forwards only to loopback and private ones, for clients of this machine; pass: to all. A host in a provider's domain is reached only if it is allowed by name."
        ),
    )
    record: Path | None = field(
        default=None,
        metadata=_about(
            "New HAR file in which the exchanges with the real providers are recorded: the proxy then passes requests for their hosts on to them. Without it nothing reaches a provider.",
            metavar="FILE",
        ),
    )
    upstreams: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Server to which a recording passes on the requests for a provider's host, such as a staging server of yours; a URL may have a path.",
            flag="--upstream",
            metavar="HOST=URL",
        ),
    )
    upstream_ca: Path | None = field(
        default=None,
        metadata=_about(
            "File of certificates in PEM that a recording trusts beside the usual root certificates.", metavar="FILE"
        ),
    )
    ca: Path | None = field(
        default=None,
        metadata=_about(
            "Folder of the certificate authority; one in the user's cache when none is given.", metavar="FOLDER"
        ),
    )
    token: str | None = field(
        default=None,
        metadata=_about("Token of the control API, needed beyond loopback; generated and kept when not given."),
    )
    needs_token: bool = field(
        default=True,
        metadata=_about(
            "Whether the control API requires a token when other machines can reach it.",
            flag="--no-token",
            flag_about="Need no token, even beyond loopback.",
        ),
    )
    data: Path | None = field(
        default=None,
        metadata=_about(
            "Folder that keeps the token between starts; one in the user's data folder when none is given.",
            metavar="FOLDER",
        ),
    )
    shows_exchange: bool = field(
        default=True,
        metadata=_about(
            "Whether a provider error carries the header X-Mockserver-Exchange: N.",
            flag="--no-exchange-header",
            flag_about="Send no X-Mockserver-Exchange header with provider errors.",
        ),
    )
    trusted_proxies: str = field(
        default="private",
        metadata=_about(
            "Peers whose Forwarded and X-Forwarded-* headers count: private, any, none, or addresses and networks with commas between."
        ),
    )
    webhook_targets: str = field(
        default="private",
        metadata=_about("Allowed addresses of webhooks: private, any, or HOST:PORT,… in addition to private ones."),
    )
    webhook_timeout: Annotated[int, Bounds(1, 3600)] = field(
        default=10, metadata=_about("Time limit of a webhook attempt, in seconds.")
    )
    webhook_redirects: Annotated[int, Bounds(0, 20)] = field(
        default=0, metadata=_about("Maximal number of redirects that a webhook attempt follows.")
    )
    journal_bytes: Counted = field(
        default=32 * 2**20, metadata=_about("Maximal size of all journals together, in bytes.")
    )
    journal_length: Counted = field(
        default=10_000, metadata=_about("Maximal number of exchanges in a world's journal.")
    )
    body_bytes: Counted = field(default=8 * 2**20, metadata=_about("Maximal size of a request body, in bytes."))
    head_bytes: Annotated[int, Bounds(1024)] = field(
        default=64 * 2**10, metadata=_about("Maximal size of a request's line and headers, in bytes.")
    )
    idle_seconds: Counted = field(
        default=75, metadata=_about("Time for which an unused connection is kept open, in seconds.")
    )
    slow_seconds: Counted = field(
        default=120,
        metadata=_about(
            "Time that a client may take for a body or a response beyond what 500 bytes a second take, in seconds."
        ),
    )
    metrics: bool = field(default=False, metadata=_about("Show metrics for Prometheus at /metrics."))
    wsgi: bool = field(
        default=False, metadata=_about("Send every request through the Flask application, as under other WSGI servers.")
    )
    log: Literal["quiet", "errors", "all"] = field(default="errors", metadata=_about("Amount of logging on stderr."))
    log_format: Literal["text", "json"] = field(
        default="text", metadata=_about("Format of the log: text, or one line of JSON for each record.")
    )
    ready_file: Path | None = field(
        default=None,
        metadata=_about(
            "File that takes a line of JSON with the server's addresses when it accepts connections; it is removed at the end.",
            metavar="FILE",
        ),
    )
    ready_fd: Annotated[int | None, Bounds(3)] = field(
        default=None,
        metadata=_about("Open file descriptor that takes the same line, and is closed then.", metavar="N"),
    )

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

    def allowed_hosts(self, others: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the hosts beside the providers' to which the proxy forwards: the settings' and these others."""
        return (*self.allow_hosts, *others, *(("*",) if self.other_hosts == "pass" else ()))

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
        given, unknown = read_environment(environ)
        return cls(**given), unknown


def read_environment(environ: Mapping[str, str] | None = None) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that the environment gives, by name, with a sentence for each unknown variable.

    Raises:
        BadSetting: a value cannot be read.
    """
    environ = os.environ if environ is None else environ
    names = {each.variable: each for each in definitions().values()}
    given = {names[key].name: names[key].read_text(text, key) for key, text in environ.items() if key in names}
    others = (URL_VARIABLE, WORLD_VARIABLE, PROXY_VARIABLE, CONFIG_VARIABLE)
    unknown = [key for key in sorted(environ) if key.startswith(_PREFIX) and key not in {*names, *others}]
    return given, [_unknown(key, names) for key in unknown]


class Definition(NamedTuple):
    """All that is known of one setting: its names, its values and its meaning."""

    name: str
    """The field of `Settings`."""
    kind: Any
    """Its type, with the `Bounds` of a whole number."""
    default: Any
    about: str
    """A sentence: what it sets."""
    flag: str
    """The flag of ``mockserver serve``; that of a switch that is on by default switches it off."""
    flag_about: str
    """The help text of the flag."""
    metavar: str | None
    """How help shows the flag's value; ``None`` for click's own way."""

    @property
    def variable(self) -> str:
        """The environment variable; several values have commas between."""
        return variable_of(self.name)

    @property
    def key(self) -> str:
        """The key in a configuration file."""
        return self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether its flag takes no value."""
        return self.kind is bool

    @property
    def is_list(self) -> bool:
        """Whether it has several values."""
        return bool(self.kind == tuple[str, ...])

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it may have; empty where they are not counted."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its value in a configuration file; the description completes the sentence "... is not"."""
        if self.is_switch:
            return {"type": "boolean", "description": "true or false"}
        if self.is_list:
            return {
                "type": "array",
                "items": {"type": "string", "description": "a text"},
                "description": "a list of texts",
            }
        if self.choices:
            return {"type": "string", "enum": [*self.choices], "description": _format_choices(self.choices)}
        bounds = bounds_of(self.kind)
        if bounds is None:
            return {"type": "string", "description": "a text"}
        most = {} if bounds.most is None else {"maximum": bounds.most}
        return {"type": "integer", "minimum": bounds.least, **most, "description": f"a whole number {bounds.in_words}"}

    def read_text(self, text: str, name: str) -> Any:
        """Return the value of a variable's text.

        Args:
            text: the text.
            name: what the error calls it.

        Raises:
            BadSetting: it cannot be read.
        """
        return _read(name, text, self.kind)


def _format_choices(choices: Sequence[str]) -> str:
    *most, last = map(repr, choices)
    return f"{', '.join(most)} or {last}"


@lru_cache(maxsize=1)
def definitions() -> Mapping[str, Definition]:
    """Return the definition of each setting by its name, in the order of help."""
    types = types_of_settings()
    return {each.name: _definition(each, types[each.name]) for each in fields(Settings)}


def _definition(each: Field[Any], kind: Any) -> Definition:
    given, on = each.metadata, kind is bool and each.default
    flag = given["flag"] or f"--{'no-' if on else ''}{each.name.replace('_', '-')}"
    return Definition(
        each.name, kind, each.default, given["about"], flag, given["flag_about"] or given["about"], given["metavar"]
    )


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
        raise BadSetting(f"{key} must be a whole number {bounds.in_words}, not {text!r}")
    return number


def _one_of(words: Collection[str], key: str, text: str) -> str:
    word = text.strip().lower()
    if word not in words:
        raise BadSetting(f"{key} must be one of {', '.join(words)}, not {text!r}")
    return word


def _unknown(key: str, names: Collection[str]) -> str:
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
