"""The demos section: demos that run step by step, beside the phone that receives the messages."""

from __future__ import annotations

from typing import Any

from mockserver.client import Mock
from mockserver.demo import Demo, all_demos, find_demo
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import handset_key

from .conversations import Thread, build_threads
from .message_states import read_histories
from .page_context import PageRequest, url_in_world


def view_model(page_request: PageRequest) -> dict[str, Any]:
    """Return what the section's template shows."""
    demo_sessions = page_request.context.demo_sessions
    return {
        "demo_views": [
            {
                "demo": demo,
                "steps": demo_sessions.steps(demo),
                "is_running": demo_sessions.is_running(demo),
                "thread": _thread(page_request, demo),
            }
            for demo in all_demos().values()
        ],
        "url_in_world": url_in_world,
    }


def _thread(page_request: PageRequest, demo: Demo) -> Thread | None:
    """Return the phone of a demo; ``None`` before it has a message."""
    world = page_request.context.registry.get(demo.world_id)
    if world is None or not page_request.context.demo_sessions.steps(demo):
        return None
    histories = read_histories(world)
    with world.lock:
        if not world.state.message_store.count(handset_key(demo.scenario.phone), EARLIEST, LATEST):
            return None
        (thread,) = build_threads(page_request, world.state, [demo.scenario.phone], histories)
    return thread


def run_step(page_request: PageRequest) -> str:
    """Perform the action of a button, and return the URL to redirect to.

    Raises:
        ControlError: the server rejects a step.
        ValueError: there is no such demo.
    """
    form, environ = page_request.request.form, page_request.request.environ
    demo = find_demo(form.get("demo", ""))
    # The demo's requests go to the address at which this one came in: the host name that the browser uses may not resolve here.
    host = environ["SERVER_NAME"]
    url = f"{environ['wsgi.url_scheme']}://{f'[{host}]' if ':' in host else host}:{environ['SERVER_PORT']}"
    with Mock.at(url, page_request.context.settings.token) as mock:
        page_request.context.demo_sessions.run_demo(demo, mock, form.get("do", "next"))
    return url_in_world(demo.world_id, "demos")
