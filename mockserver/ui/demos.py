"""The demos section: demos that run step by step, beside the phone that shows them."""

from __future__ import annotations

from typing import Any

from mockserver.client import Mock
from mockserver.demo import DEMOS, Demo, find
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import handset_key

from .conversations import Thread, threads
from .page_context import PageRequest, address


def shown(page_request: PageRequest) -> dict[str, Any]:
    """Render the section."""
    demo_sessions = page_request.desk.demo_sessions
    return {
        "demo_views": [
            {
                "demo": demo,
                "steps": demo_sessions.steps(demo),
                "is_on": demo_sessions.is_on(demo),
                "thread": _thread(page_request, demo),
            }
            for demo in DEMOS.values()
        ],
        "address": address,
    }


def _thread(page_request: PageRequest, demo: Demo) -> Thread | None:
    """The phone of a demo, where its world is there."""
    world = page_request.desk.registry.get(demo.world_id)
    if world is None or not page_request.desk.demo_sessions.steps(demo):
        return None
    with world.lock:
        if not world.state.message_store.count(handset_key(demo.handset), EARLIEST, LATEST):
            return None
        (thread,) = threads(page_request, world.state, [demo.handset])
    return thread


def run_step(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL to go to.

    Raises:
        ControlError: the server rejects something.
        ValueError: there is no such demo.
    """
    form, environ = page_request.request.form, page_request.request.environ
    demo = find(DEMOS, form.get("demo", ""))
    # Real requests, to where this one arrived: the name by which the browser knows us may lead nowhere from here.
    host = environ["SERVER_NAME"]
    url = f"{environ['wsgi.url_scheme']}://{f'[{host}]' if ':' in host else host}:{environ['SERVER_PORT']}"
    with Mock.at(url, page_request.desk.settings.token) as mock:
        page_request.desk.demo_sessions.run_demo(demo, mock, form.get("do", "next"))
    return address(demo.world_id, "demos")
