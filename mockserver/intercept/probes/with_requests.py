import sys

import requests

for address in sys.argv[1:]:
    print(requests.get(address, timeout=20).text)
