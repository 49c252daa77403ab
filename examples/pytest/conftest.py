"""What the tests share."""

import pytest

from reminders import Reminders


@pytest.fixture
def reminders(mock_redirect):
    """The application. While a test uses it, the providers' hosts are the test's own world, which knows foo and bar."""
    return Reminders("foo", "bar", sender="5554332111")
