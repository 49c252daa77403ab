"""Notifies with Apprise, and prints the page of conversations: notify_by_apprise.py TEXT URL."""

import os
import sys
from urllib.request import urlopen

from apprise.cli import main

main(["-b", *sys.argv[1:]], standalone_mode=False)
with urlopen(os.environ["MOCKSERVER_URL"] + "/_mock/ui/worlds/default/conversations?open=48500600700") as page:
    print(page.read().decode())
