"""Makes TLS connections to the providers' hosts trust the mock server's CA in place of the client's root certificates.

A client's context may exist before the redirect: a module's ``requests.Session()`` has one. So it is not changed. Every
handshake with a provider's host uses a copy that verifies as much as the original does, host name included, or nothing if
the client asked for that. The copy trusts only our CA, because only our listener can be at the other end.

So the root certificates that a client loads are not needed for a provider's host, and loading them takes longer than a whole
request. They are loaded as soon as the context is used for another host or is asked about them. That holds after the end too,
because a client is often still there then, in a cycle of references, and is not used again.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import partial
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple
from weakref import ReferenceType, WeakKeyDictionary, WeakSet, ref

import certifi

from .hosts import Hosts, normalize_host
from .monkeypatch import Monkeypatch
from .root_certificates import SYSTEM_BUNDLES

_WRAPPING = (("wrap_socket", 5), ("wrap_bio", 3))
"""The methods that begin a handshake, and the position of the host name among their arguments."""
_INSPECTING = ("cert_store_stats", "get_ca_certs")
_USING = (*(name for name, _ in _WRAPPING), *_INSPECTING)
_ROOTS = 50_000
"""The least size in bytes of a file that is loaded late: one with root certificates. A smaller one costs nothing to load."""


class TlsPatch:
    """The change to ``ssl.SSLContext``, and to the class by which truststore replaces it, for the providers' hosts."""

    def __init__(self, hosts: Hosts, ca: str) -> None:
        """Create it; nothing is changed yet.

        Args:
            hosts: the providers' hosts.
            ca: the certificate of the CA, in PEM.
        """
        self._hosts = hosts
        self._ca = ca
        self._late = LateRoots()
        self._copies: dict[tuple[Any, ...], ssl.SSLContext] = {}
        """The copies made so far, by what they verify: to make one takes almost as long as a request."""

    def install(self, patches: Monkeypatch) -> None:
        """Install the change."""
        self._context = original_context_class()
        self._wrap_socket = self._context.wrap_socket
        self._wrap_bio = self._context.wrap_bio
        self._late.install(patches, self._context)
        changed: set[type] = set()

        def change(context_class: type) -> None:
            for owner in reversed(context_class.__mro__):
                if "wrap_bio" in vars(owner) and owner not in changed:
                    changed.add(owner)
                    for name, position in _WRAPPING:
                        self._install(patches, owner, name, position)

        def change_truststore(module: ModuleType) -> None:
            change(module.SSLContext)

        change(ssl.SSLContext)
        patches.when_imported("truststore", change_truststore)

    def end(self) -> None:
        """Let contexts load the root certificates that they still lack when they are next used; called after the change is undone."""
        self._late.end()

    def _install(self, patches: Monkeypatch, owner: type, name: str, position: int) -> None:
        original: Callable[..., Any] = vars(owner)[name]
        for_provider: Callable[..., Any] = getattr(self, f"_{name}")

        def wrap(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
            host = (
                kwargs["server_hostname"]
                if "server_hostname" in kwargs
                else args[position]
                if len(args) > position
                else None
            )
            if self._hosts.is_served(normalize_host(host)):
                return for_provider(self._copy_context(context), *args, **kwargs)
            self._late.load(context)
            return original(context, *args, **kwargs)

        patches.put(owner, name, wrap)

    def _copy_context(self, context: ssl.SSLContext) -> ssl.SSLContext:
        wanted = _settings(context)
        copy = self._copies.get(wanted)
        if copy is None or _settings(copy) != wanted:  # a client has changed it by way of its connection
            copy = self._copies[wanted] = self._create_copy(context)
        return copy

    def _create_copy(self, context: ssl.SSLContext) -> ssl.SSLContext:
        copy = self._context(ssl.PROTOCOL_TLS_CLIENT)
        # By the base class's attributes: those of `ssl.SSLContext` find their own class by its name in `ssl`, where truststore
        # has put another one.
        base: Any = super(self._context, self._context)
        base.check_hostname.__set__(copy, False)  # must be off while verify_mode is set
        base.verify_mode.__set__(copy, context.verify_mode)
        base.check_hostname.__set__(copy, context.check_hostname)
        base.verify_flags.__set__(copy, context.verify_flags)
        copy.sslsocket_class, copy.sslobject_class = context.sslsocket_class, context.sslobject_class
        base.load_verify_locations(copy, cadata=self._ca)
        return copy


def _settings(context: ssl.SSLContext) -> tuple[Any, ...]:
    """Return what a copy takes over from a context."""
    classes = context.sslsocket_class, context.sslobject_class
    return context.verify_mode, context.check_hostname, context.verify_flags, *classes


def original_context_class() -> type[ssl.SSLContext]:
    """Return Python's own ``ssl.SSLContext``, which a library may have replaced by a subclass."""
    found: type[ssl.SSLContext] = next(
        each for each in reversed(ssl.SSLContext.__mro__) if each.__module__ == "ssl" and each.__name__ == "SSLContext"
    )
    return found


class _Load(NamedTuple):
    """Root certificates that a context was told to load."""

    load: Callable[[ssl.SSLContext], None]
    is_lasting: bool
    """Whether they are those of certifi or of the system, whose files are there as long as the process."""


class LateRoots:
    """The root certificates that contexts were told to load, and have not loaded yet."""

    def __init__(self) -> None:
        self._loads: WeakKeyDictionary[ssl.SSLContext, list[_Load]] = WeakKeyDictionary()
        self._loading_on_use: WeakSet[ssl.SSLContext] = WeakSet()
        self._is_installed = False
        self._lock = Lock()

    def install(self, patches: Monkeypatch, context_class: type[ssl.SSLContext]) -> None:
        """Postpone the loading of root certificates by client contexts that are created from now on."""
        load_locations, load_default = context_class.load_verify_locations, context_class.load_default_certs
        self._is_installed = True

        def load_verify_locations(context: Any, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
            if cadata is None and capath is None and _is_client(context) and _holds_roots(cafile):
                is_lasting = cafile in (certifi.where(), *SYSTEM_BUNDLES)
                self._postpone(context, _Load(lambda own: load_locations(own, cafile), is_lasting))
            else:
                load_locations(context, cafile, capath, cadata)

        def load_default_certs(context: Any, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
            if _is_client(context):
                self._postpone(context, _Load(lambda own: load_default(own, purpose), is_lasting=False))
            else:
                load_default(context, purpose)

        patches.put(context_class, "load_verify_locations", load_verify_locations)
        patches.put(context_class, "load_default_certs", load_default_certs)
        for name in _INSPECTING:
            self._install_inspecting(patches, context_class, name)

    def _install_inspecting(self, patches: Monkeypatch, context_class: type[ssl.SSLContext], name: str) -> None:
        original = getattr(context_class, name)

        def inspect(context: ssl.SSLContext, *args: Any, **options: Any) -> Any:
            self.load(context)
            return original(context, *args, **options)

        patches.put(context_class, name, inspect)

    def _postpone(self, context: ssl.SSLContext, load: _Load) -> None:
        with self._lock:
            self._loads.setdefault(context, []).append(load)

    def load(self, context: ssl.SSLContext) -> None:
        """Load what a context was told to load."""
        if context not in self._loads:
            return
        with self._lock:  # another thread must not use the context before all is loaded
            for each in self._loads.get(context, ()):
                each.load(context)
            self._loads.pop(context, None)

    def end(self) -> None:
        """Let each context load its root certificates when it is next used; those whose file may be gone by then are loaded now."""
        self._is_installed = False
        for context, loads in list(self._loads.items()):
            if all(each.is_lasting for each in loads) and self._load_on_use(context):
                continue
            self.load(context)

    def _load_on_use(self, context: ssl.SSLContext) -> bool:
        """Give a context methods of its own that load first; return whether it has them. One with methods of somebody else gets none."""
        if context not in self._loading_on_use:
            if not vars(context).keys().isdisjoint(_USING):
                return False
            for name in _USING:
                setattr(context, name, partial(self._use, ref(context), name))
            self._loading_on_use.add(context)
        return True

    def _use(self, reference: ReferenceType[ssl.SSLContext], name: str, *args: Any, **options: Any) -> Any:
        context = reference()
        assert context is not None  # its method is being called
        if not self._is_installed:  # else the class's methods load for hosts that are not the providers'
            self.load(context)
        return getattr(type(context), name)(context, *args, **options)


def _is_client(context: ssl.SSLContext) -> bool:
    return context.protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS)


def _holds_roots(cafile: Any) -> bool:
    """Return whether a file is as large as one with root certificates, and can be read."""
    try:
        return cafile is not None and os.path.getsize(cafile) >= _ROOTS and os.access(cafile, os.R_OK)  # noqa: PTH202 - also for bytes
    except (OSError, TypeError, ValueError):
        return False
