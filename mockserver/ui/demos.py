"""Stories: demonstrations that are told on the page, a step at a time, beside the phone that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from mockserver.client import Mock
from mockserver.demo import STORIES, Step, Story, Telling, find
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import handset_shelf

from .conversations import Thread, threads
from .page_context import Visit, address


class Theatre:
    """The stories that are being told in this process, one telling of each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tellings: dict[str, Telling] = {}

    def steps(self, story: Story) -> Sequence[Step]:
        """What has been told."""
        telling = self._tellings.get(story.name)
        return tuple(telling.steps) if telling is not None else ()

    def is_on(self, story: Story) -> bool:
        """Whether there is more to tell."""
        telling = self._tellings.get(story.name)
        return telling is not None and not telling.is_over

    def tell(self, story: Story, mock: Mock, do: str) -> None:
        """Do what a button says: ``start`` from the beginning, the ``next`` step, or ``all`` that is left.

        Raises:
            ControlError: the server refuses something.
        """
        with self._lock:
            telling = self._tellings.get(story.name)
            if telling is None or telling.is_over or do == "start":
                if telling is not None:
                    telling.close()
                telling = self._tellings[story.name] = Telling(story, mock)
            if do == "all":
                list(telling.rest())
            else:
                telling.next()


def shown(visit: Visit) -> dict[str, Any]:
    """The whole section."""
    theatre = visit.desk.theatre
    return {
        "told": [
            {
                "story": story,
                "steps": theatre.steps(story),
                "is_on": theatre.is_on(story),
                "thread": _thread(visit, story),
            }
            for story in STORIES.values()
        ],
        "address": address,
    }


def _thread(visit: Visit, story: Story) -> Thread | None:
    """The phone of a story, where its world is there."""
    world = visit.desk.house.get(story.world_id)
    if world is None or not visit.desk.theatre.steps(story):
        return None
    with world.lock:
        if not world.state.ledger.count(handset_shelf(story.handset), EARLIEST, LATEST):
            return None
        (thread,) = threads(visit, world.state, [story.handset])
    return thread


def act(visit: Visit) -> str:
    """Do what a button says; where to go then.

    Raises:
        ControlError: the server refuses something.
        ValueError: there is no such story.
    """
    form, environ = visit.request.form, visit.request.environ
    story = find(STORIES, form.get("story", ""))
    # Real requests, to where this one arrived: the name by which the browser knows us may lead nowhere from here.
    host = environ["SERVER_NAME"]
    url = f"{environ['wsgi.url_scheme']}://{f'[{host}]' if ':' in host else host}:{environ['SERVER_PORT']}"
    with Mock.at(url, visit.desk.settings.token) as mock:
        visit.desk.theatre.tell(story, mock, form.get("do", "next"))
    return address(story.world_id, "stories")
