import pytest


@pytest.mark.mockserver(fixture="small", freeze="2026-06-01T12:00:00Z")
def test_a_long_reminder_is_sent(reminders):
    reminders.send("5556667777", "Please bring your documents. " * 9)
