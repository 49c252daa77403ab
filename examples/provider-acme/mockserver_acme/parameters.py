"""The parameter tables of the document, row by row."""

from __future__ import annotations

from functools import partial

from mockserver.sdk import Parameter, cursor, documented, integer, matching, text

from .errors import MissingField, NotACursor, NotALimit, NotAPhone, NotText, TooLong

_row = partial(Parameter, not_text=NotText)
_PHONE = matching(r"\+[1-9][0-9]{6,14}", NotAPhone)

FROM = _row(
    "from", _PHONE, documented("API", "from | string | Required. One of your numbers in E.164."), missing=MissingField
)
TO = _row("to", _PHONE, documented("API", "to | string | Required. The recipient in E.164"), missing=MissingField)
TEXT = _row("text", text(1600, TooLong), documented("API", "text | string | Required. 1 to 1600"), missing=MissingField)
TAG = _row("tag", text(40, TooLong), documented("API", "tag | string | Your own reference, of up to 40 characters."))
LIMIT = _row("limit", integer(NotALimit, 1, 100), documented("API", "limit | integer | How many: 1 to 100"))
CURSOR = _row("cursor", cursor(NotACursor), documented("API", "cursor | string"))
ID = _row("id", text(), documented("API", "GET /v1/messages/{id}"), place="path")
