import sys

import httpx

for address in sys.argv[1:]:
    print(httpx.get(address, timeout=20).text)
