"""The code under test: it sends a message to DialogTech, and lets SerwerSMS forward one."""

URL = "https://secure.dialogtech.com/ibp_api.php"
SMS = {
    "action": "sms.send_message",
    "access_key": "foo",
    "secret_access_key": "bar",
    "to": "5556667777",
    "from": "5554332111",
    "message": "Thank you for calling.",
}


def is_sent(answer):
    return "[1] Message Sent" in answer.text


def is_forwarded(world, receiver):
    """Whether an inbound message, received now, comes to the receiver at once."""
    before = len(receiver.paths)
    world.inbound("serwersms", kind="ndi", sender="+48500600700", recipient="+48600700800", text="Tak")
    world.wait_until_idle()
    return len(receiver.paths) == before + 1
