"""A recording of requests to the real providers and their responses, as `record` and `serve --record` make it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.settings import environment

from .common import CliError

if TYPE_CHECKING:
    from mockserver.intercept.passing_on import PassingOn
    from mockserver.sdk.loading import ProviderSet
    from mockserver.settings import Settings


@contextlib.contextmanager
def recording(
    settings: Settings,
    providers: ProviderSet,
    file: Path,
    say: Callable[[str], None],
    *,
    overwrites: bool = False,
    anonymises: bool = False,
    if_exists: str = "remove it, or name another file",
) -> Iterator[PassingOn]:
    """Create the application that passes requests on to the providers, and the file in which it records them; close the file at the end.

    Args:
        settings: say where requests go.
        providers: the providers.
        file: the file.
        say: called with sentences for people: at first where requests go, at the end what was recorded.
        overwrites: whether a file of the name is replaced.
        anonymises: whether phone numbers and texts are replaced too.
        if_exists: what to do if there is a file of the name, for the error message.

    Raises:
        CliError: the file exists, or an upstream or its certificates cannot be used.
        OSError: the file cannot be created.
    """
    from mockserver.http.secret_names import create_stand_ins
    from mockserver.intercept.passing_on import PassingOn
    from mockserver.intercept.recorder import Recorder
    from mockserver.intercept.upstream import Upstreams, parse_upstreams
    from mockserver.intercept.upstream_proxy import find_proxy

    try:
        upstreams = Upstreams(
            providers.hosts, parse_upstreams(settings.upstreams), settings.upstream_ca, find_proxy(environment())
        )
    except ValueError as reason:
        raise CliError(str(reason)) from reason
    stand_ins = create_stand_ins(providers, anonymise=anonymises)
    try:
        recorder = Recorder(file, stand_ins, overwrites=overwrites)
    except FileExistsError:
        raise CliError(f"{file} exists; {if_exists}") from None
    passing_on = PassingOn(upstreams, recorder)
    for sentence in passing_on.announcement("secrets, phone numbers and texts" if anonymises else "secrets"):
        say(sentence)
    try:
        yield passing_on
    finally:
        recorder.close()
        for sentence in recorder.summary():
            say(sentence)
