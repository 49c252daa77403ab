"""Who does not want to get SMS any more: the people who answered STOP, read from SerwerSMS."""

import json
import urllib.request

URL = "https://api2.serwersms.pl/messages/recived.json"


class OptOuts:
    """The numbers that answered STOP."""

    def __init__(self, username: str, password: str) -> None:
        """Keep the credentials."""
        self._account = {"username": username, "password": password}
        self.numbers: set[str] = set()

    def refresh(self) -> int:
        """Read the answers that are new, and return how many there were."""
        call = {**self._account, "type": "ndi", "read": True}  # read: SerwerSMS marks them, and returns each once
        request = urllib.request.Request(URL, json.dumps(call).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            document = json.load(answer)
        if "error" in document:
            raise RuntimeError(document["error"]["message"])
        self.numbers |= {item["phone"] for item in document["items"] if item["text"].strip().upper() == "STOP"}
        return len(document["items"])
