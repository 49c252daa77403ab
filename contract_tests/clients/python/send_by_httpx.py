"""Sends an SMS: send_by_httpx.py TO MESSAGE."""

import sys

import httpx

to, message = sys.argv[1:]
call = {"action": "sms.send_message", "access_key": "foo", "secret_access_key": "bar", "from": "5554332111"}
with httpx.Client(timeout=30) as client:
    try:
        response = client.post("https://secure.dialogtech.com/ibp_api.php", data=call | {"to": to, "message": message})
    except httpx.HTTPError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(response.text)
