"""Sends an SMS with Ifbyphone-API-Module: send_by_ifbyphone.py FOLDER TO MESSAGE.

Its modules import one another as if their own folders were on the path, as they were for Python 2. Here they are, behind
Python's own: one of them is called numbers.
"""

import sys

folder, to, message = sys.argv[1:]
sys.path += [folder, f"{folder}/Ifbyphone", f"{folder}/Ifbyphone/api"]

from Ifbyphone import IfbyphoneClient  # noqa: E402  # it is found on the path that was set above

print(IfbyphoneClient("demo-api-key").sms.send(to=to, from_="3125550142", message=message))
