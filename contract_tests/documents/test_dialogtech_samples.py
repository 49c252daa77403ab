"""Each printed sample of DialogTech, requested as its page does, and compared byte for byte."""

from __future__ import annotations

import re
from difflib import ndiff
from pathlib import Path
from urllib.request import urlopen

import pytest

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents" / "dialogtech"
HOST = "https://secure.dialogtech.com"
CLOSED = "        </outbound>"
"""The line that the printed answer of 000 lacks (DT-2)."""


def printed(name):
    return (DOCUMENTS / name).read_text()


def printed_url(name):
    """The URL that a printed PHP program builds from its variables."""
    program = printed(name)
    values = dict(re.findall(r'\$(\w+) = "([^"]*)";', program))
    parts = re.search(r"\$full_url = (.*?);", program, re.DOTALL)[1]
    return "".join(values[name] if name else text for name, text in re.findall(r'\$(\w+)|"([^"]*)"', parts))


def fetch(base_url, url):
    with urlopen(url.replace(HOST, base_url), timeout=30) as response:
        return response.read().decode()


def split(response):
    """The document type declaration of a response, and everything around it."""
    before, declaration, after = re.split(r"(<!DOCTYPE.*?\n\]>\n)", response, flags=re.DOTALL)
    return declaration, before + after


def closed(sample):
    """000's sample with the end tag that it lacks."""
    return sample.replace("    </messages>", f"{CLOSED}\n    </messages>")


def test_the_programs_of_000_and_001_ask_at_these_addresses():
    assert printed_url("get_messages.php") == (
        f"{HOST}/ibp_api.php?&action=sms.get_messages&access_key=foo&secret_access_key=bar"
        "&start_date=20170101&end_date=20170101"
    )
    assert printed_url("send_message.php") == (
        f"{HOST}/ibp_api.php?&action=sms.send_message&access_key=foo&secret_access_key=bar"
        "&to=5556667777&from=5554332111&message=Thank%20you%20for%20calling."
    )


def test_the_answer_of_001_comes_byte_for_byte(base_url):
    assert fetch(base_url, printed_url("send_message.php")) == printed("send_message.xml")


def test_the_answer_of_002_comes_byte_for_byte(base_url):
    url = re.search(r"https://\S+", printed("get_numbers.txt"))[0]
    assert fetch(base_url, url) == printed("get_numbers.xml")


def test_the_answer_of_000_differs_from_the_printed_one_in_its_dtd_and_one_closed_element(base_url):
    declaration, document = split(fetch(base_url, printed_url("get_messages.php")))
    printed_declaration, printed_document = split(closed(printed("get_messages.xml")))
    assert document == printed_document
    assert declaration != printed_declaration  # DT-1


def test_the_answer_of_000_with_its_printed_dtd_differs_in_one_closed_element(open_registry, dialogtech_in):
    response = dialogtech_in(open_registry(variants={"dialogtech.get_messages.dtd": "printed"})).messages()
    sample = printed("get_messages.xml")
    difference = [line for line in ndiff(sample.splitlines(), response.splitlines()) if line[0] != " "]
    assert difference == [f"+ {CLOSED}"]
    assert response == closed(sample)


@pytest.mark.parametrize("host", ["secure.dialogtech.com", "secure.ifbyphone.com"])
def test_the_samples_come_under_the_providers_own_names_too(dialogtech, host):
    response = dialogtech.open(
        base_url=f"https://{host}",
        query_string="access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY&action=sms.get_numbers",
    )
    assert (response.status_code, response.text) == (200, printed("get_numbers.xml"))
