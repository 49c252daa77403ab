"""The session of a browser: a cookie that stands for the server's token until the browser is closed.

A link, an image and a form carry it without a script. Its value is derived from the token, so the token cannot be read from it,
and it ends when the server gets another token. Other servers of the machine receive it too, for a browser ignores ports here.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from hmac import HMAC, compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .page_context import ROOT

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

_NAME = "mockserver-page"


def is_token(text: str, token: str) -> bool:
    """Return whether a text is the server's token. The comparison takes the same time wherever the difference is."""
    return compare_digest(text.encode("utf-8", "surrogateescape"), token.encode())


def has_session(request: Request, token: str | None) -> bool:
    """Return whether a request carries the cookie of the server's token."""
    return token is not None and compare_digest(
        request.cookies.get(_cookie_name(request.environ), "").encode("utf-8", "surrogateescape"),
        _value(token).encode(),
    )


def begin_session(request: Request, response: Response, token: str) -> None:
    """Set the cookie. It goes to this page alone: no script can read it, and no form of another site sends it."""
    response.set_cookie(
        _cookie_name(request.environ),
        _value(token),
        path=f"{ROOT}/",
        secure=request.scheme == "https",
        httponly=True,
        samesite="Lax",
    )


def _value(token: str) -> str:
    return HMAC(token.encode(), b"mockserver page", sha256).hexdigest()


def _cookie_name(environ: Mapping[str, Any]) -> str:
    """Return the name of the cookie, with the port: two servers of a machine would else take each other's cookie away."""
    try:
        port = urlsplit(f"//{environ.get('HTTP_HOST', '')}").port
    except ValueError:
        port = None
    return _NAME if port is None else f"{_NAME}-{port}"
