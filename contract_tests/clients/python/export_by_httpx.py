"""Prints every message of a program: export_by_httpx.py PROGRAM."""

import sys

import httpx

url = f"https://communicatepro.mgage.com/api/messages/program/{sys.argv[1]}"
days = {"startDate": "2014-12-05T00:00:00", "endDate": "2014-12-05T23:59:59", "pageSize": "3"}
with httpx.Client(auth=("mgage", "mgage"), timeout=30) as client:
    try:
        response = client.get(url, params=days)
        while True:
            page = response.raise_for_status().json()
            for message in page["data"]["messages"]:
                print(message["type"], message["number"], message["deliveryStatus"])
            if page["meta"]["nextPageUrl"] is None:
                break
            response = client.get(page["meta"]["nextPageUrl"])
    except httpx.HTTPStatusError as error:
        print(error.response.text)
    except httpx.HTTPError as error:
        sys.exit(f"{type(error).__name__}: {error}")
