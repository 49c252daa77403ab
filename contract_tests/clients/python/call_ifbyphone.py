"""Calls methods of Ifbyphone-API-Module one after the other: call_ifbyphone.py FOLDER CALLS, each a method of `sms` with its arguments.

Its modules import one another as if their own folders were on the path, as they were for Python 2. Here they are, behind
Python's own: one of them is called numbers.
"""

import json
import sys

folder, calls = sys.argv[1:]
sys.path += [folder, f"{folder}/Ifbyphone", f"{folder}/Ifbyphone/api"]

from Ifbyphone import IfbyphoneClient  # noqa: E402  # it is found on the path that was set above

api = IfbyphoneClient("demo-api-key").sms
results = []
for method, arguments in json.loads(calls):
    try:
        results.append(getattr(api, method)(**arguments))
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what its caller gets
        results.append(f"raised {type(error).__name__}")
print(json.dumps([each.decode() if isinstance(each, bytes) else each for each in results]))
