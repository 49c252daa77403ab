"""A world with other data than the default world has, of a provider's server that is recorded."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mockserver.settings import fixtures_folder


@cache
def other_data() -> dict[str, Any]:
    """A world file with other credentials, texts and numbers of messages than the default world's.

    Its accounts have what deciding requests need, and fewer messages.
    """
    document = json.loads((fixtures_folder() / "worlds" / "demo.json").read_text("utf-8"))
    for account in document["accounts"]:
        account["messages"] = account["messages"][-30:]
        for login in account["logins"]:
            if login["user"] == "demo":
                continue  # the demo user, whom SerwerSMS's documents name
            login["user"] = f"real.{login['user']}"
            if "secret" in login:
                login["secret"] = f"{login['secret']}-2"
        for message in account["messages"]:
            message["text"] = " ".join(reversed(message["text"].split()))
            if message["id"].isdigit():
                message["id"] = str(int(message["id"]) + 4_321)
    return document
