"""The web page under ``/_mock/ui/``, which shows and changes worlds in a browser.

Jinja renders and escapes all markup on the server; the browser's modules fetch pages and put parts of them in place.
The page changes a world only through the control API.
"""
