"""The tester's page under ``/_mock/ui/``: a telephone in the browser.

Everything is rendered here and escaped by Jinja; the browser's modules fetch pages of ours and put parts of them in
place, and make no markup of their own. What the page does to a world it asks of the control API, as any tester does.
"""
