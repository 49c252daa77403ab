"""Sends an SMS: send_by_requests.py TO MESSAGE."""

import sys

import requests

to, message = sys.argv[1:]
call = {"action": "sms.send_message", "access_key": "foo", "secret_access_key": "bar", "from": "5554332111"}
try:
    response = requests.post(
        "https://secure.dialogtech.com/ibp_api.php", call | {"to": to, "message": message}, timeout=30
    )
except requests.RequestException as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(response.text)
