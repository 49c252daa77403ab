"""Prints inbound messages and marks them as read, with serwersmsv2api: read_by_serwersms.py TYPE."""

import sys

from serwersms import SerwerSMS

api = SerwerSMS("0123456789abcdef0123456789abcdef")
print(api.message.recived(sys.argv[1], {"read": True, "limit": 1}))
