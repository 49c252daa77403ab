"""Writes environment variables, and files that they name, in the syntax of shells and of programs that read variables."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePath
from typing import NamedTuple

from .root_certificates import SYSTEM_BUNDLES

_OWN_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
)
"""Variables of the reading shell that may name certificates of its own."""
_PLAIN = re.compile(r"[^\s'\"\\$#`]*(?: [^\s'\"\\$#`]+)*")
"""A value that every reader of ``.env`` files takes without quotes."""


def _sh(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _dotenv(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _sh(text)


def _lines(pattern: str, quoted: Callable[[str], str], variables: Mapping[str, str]) -> str:
    return "\n".join(pattern.format(name=name, value=quoted(value)) for name, value in variables.items())


VARIABLES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "sh": partial(_lines, "export {name}={value}", _sh),
    "fish": partial(_lines, "set -gx {name} {value}", _fish),
    "powershell": partial(_lines, "$env:{name} = {value}", _powershell),
    "dotenv": partial(_lines, "{name}={value}", _dotenv),
    "json": partial(json.dumps, ensure_ascii=False, indent=2),
}
"""Functions that write variables, by the name of the syntax."""


class _Script(NamedTuple):
    """How a shell writes files."""

    quoted: Callable[[str], str]
    make_folder: str
    write: str
    """Writes a file from base64."""
    write_bundle: str
    """Writes the bundle from base64, unless it exists, followed by the certificates of that machine."""
    own: str
    """The value of a variable of the shell; nothing that is a file if it is not set."""
    separator: str
    """Stands between two files."""


_POSIX = {
    "make_folder": "mkdir -p {path}",
    "write": "printf %s '{content}' | base64 -d > {path}",
}
_SCRIPTS: Mapping[str, _Script] = {
    "sh": _Script(
        quoted=_sh,
        **_POSIX,
        write_bundle="[ -e {path} ] || {{ printf %s '{content}' | base64 -d; cat /dev/null {own} 2>/dev/null || :; }} > {path}",
        own='"${{{}:-/dev/null}}"',
        separator=" ",
    ),
    "fish": _Script(
        quoted=_fish,
        **_POSIX,
        write_bundle="test -e {path}; or begin; printf %s '{content}' | base64 -d; cat /dev/null {own} 2>/dev/null; end > {path}",
        own="${}",
        separator=" ",
    ),
    "powershell": _Script(
        quoted=_powershell,
        make_folder="New-Item -ItemType Directory -Force {path} | Out-Null",
        write="[IO.File]::WriteAllBytes({path}, [Convert]::FromBase64String('{content}'))",
        write_bundle=(
            "if (-not (Test-Path {path})) {{ [IO.File]::WriteAllBytes({path}, [Convert]::FromBase64String('{content}')); "
            "@({own}) | Where-Object {{ $_ -and (Test-Path $_ -PathType Leaf) }} | "
            "ForEach-Object {{ [IO.File]::AppendAllText({path}, [IO.File]::ReadAllText($_)) }} }}"
        ),
        own="$env:{}",
        separator=", ",
    ),
}


def write_script(shell: str, files: Mapping[PurePath, bytes], bundle: PurePath) -> str:
    """Return a script that writes files; ``""`` for a syntax that cannot.

    Args:
        shell: the name of the syntax.
        files: the content of each file.
        bundle: the one among them that holds certificates; those that the machine's variables name and its system has are
            added there.
    """
    script = _SCRIPTS.get(shell)
    if script is None:
        return ""
    lines = [
        script.make_folder.format(path=script.quoted(str(folder)))
        for folder in dict.fromkeys(path.parent for path in files)
    ]
    own = script.separator.join((*map(script.own.format, _OWN_VARIABLES), *map(script.quoted, SYSTEM_BUNDLES)))
    for path, content in files.items():
        pattern = script.write_bundle if path == bundle else script.write
        lines.append(pattern.format(path=script.quoted(str(path)), content=b64encode(content).decode("ascii"), own=own))
    return "\n".join(lines) + "\n"
