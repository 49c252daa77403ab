import pytest
import requests

from reminders import NotSent

pytestmark = pytest.mark.mockserver(fixture="small", freeze="2026-06-01T12:00:00Z")

ANNA = "5556667777"


def texts(world):
    """What Anna was sent in this test."""
    return [message.text for message in world.messages("dialogtech", number=ANNA)]


def test_a_reminder_is_sent(reminders, mock_world):
    reminders.send(ANNA, "Tomorrow at 9.")

    assert texts(mock_world) == ["Tomorrow at 9."]


def test_a_second_reminder_has_to_wait_for_a_second(reminders, mock_world):
    reminders.send(ANNA, "Tomorrow at 9.")
    with pytest.raises(NotSent, match="1 sms per number per second"):
        reminders.send(ANNA, "Sorry, at 10.")

    mock_world.clock.advance(seconds=1)
    reminders.send(ANNA, "Sorry, at 10.")

    assert texts(mock_world) == ["Tomorrow at 9.", "Sorry, at 10."]


def test_a_reminder_may_be_sent_although_the_connection_breaks(reminders, mock_world):
    mock_world.faults.add("reset", point="after")

    with pytest.raises(requests.ConnectionError):
        reminders.send(ANNA, "Tomorrow at 9.")

    assert texts(mock_world) == ["Tomorrow at 9."]  # so do not send it again unasked
