import sys
from urllib.request import urlopen

for address in sys.argv[1:]:
    with urlopen(address, timeout=20) as response:
        print(response.read().decode())
