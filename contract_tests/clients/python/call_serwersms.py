"""Calls methods of serwersmsv2api one after the other: call_serwersms.py TOKEN CALLS, the calls as `vendor_methods` writes them."""

import json
import sys

from serwersms import SerwerSMS


def resolved(value, results):
    """Return an argument, with what an earlier call returned in place of a reference to it; 1 where that call failed."""
    if isinstance(value, dict) and "result_of" in value:
        found = results[value["result_of"]]
        if "error" in found or "raised" in found:
            return 1
        for step in value["path"]:
            found = found[step]
        return found
    if isinstance(value, dict):
        return {name: resolved(each, results) for name, each in value.items()}
    return [resolved(each, results) for each in value] if isinstance(value, list) else value


def read(response):
    """Return a response as JSON has it, or the beginning of a file."""
    if not isinstance(response, bytes):
        return json.loads(response)
    return json.loads(response) if response.startswith(b"{") else {"file": response[:8].decode("ascii")}


api = SerwerSMS(sys.argv[1])
results = {}
for method, arguments in json.loads(sys.argv[2]):
    part, name = method.split(".")
    try:
        results[method] = read(getattr(getattr(api, part), name)(*resolved(arguments, results)))
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what its caller gets
        results[method] = {"raised": type(error).__name__}
print(json.dumps(results))
