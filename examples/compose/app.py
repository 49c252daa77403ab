"""Sends a message by SerwerSMS and lists a DialogTech account's numbers, at the hosts that the providers have in life."""

import json
from urllib.parse import urlencode
from urllib.request import urlopen

SERWERSMS = "https://api2.serwersms.pl"
DIALOGTECH = "https://secure.dialogtech.com"

message = {
    "username": "demo",
    "password": "demo",
    "phone": "+48500600700",
    "text": "Your parcel is here.",
    "details": "true",
}
with urlopen(f"{SERWERSMS}/messages/send_sms.json", urlencode(message).encode()) as response:
    sent = json.load(response)
print("queued:", sent["queued"], "status:", sent["items"][0]["status"])

question = {"access_key": "ACCESS_KEY", "secret_access_key": "SECRET_ACCESS_KEY", "action": "sms.get_numbers"}
with urlopen(f"{DIALOGTECH}/ibp_api.php?{urlencode(question)}") as response:
    print("numbers:", response.read().decode().count("<number "))
