"""Reminders of appointments by SMS, sent through DialogTech."""

import xml.etree.ElementTree as ElementTree

import requests

URL = "https://secure.dialogtech.com/ibp_api.php"


class NotSent(Exception):
    """DialogTech rejected a message; the text is its description."""


class Reminders:
    """The reminders of one account."""

    def __init__(self, access_key: str, secret_access_key: str, sender: str) -> None:
        """Keep the credentials, and the number that messages are sent from."""
        self._account = {"access_key": access_key, "secret_access_key": secret_access_key, "from": sender}

    def send(self, number: str, text: str) -> None:
        """Send a text, or raise `NotSent`."""
        call = {"action": "sms.send_message", **self._account, "to": number, "message": text}
        answer = requests.post(URL, data=call, timeout=10)
        # DialogTech says no with status 200: only the document tells.
        document = ElementTree.fromstring(answer.content)
        if document.findtext("result") != "success":
            raise NotSent(document.findtext("result_description"))
