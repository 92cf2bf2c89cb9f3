"""What people read about jobs."""

from __future__ import annotations

import io

from worker.dev.events import Event
from worker.dev.story import Story, shortened, wants_colour

EVENTS = [
    Event("created", job_key=7, at=1.0),
    Event("activated", job_key=7, at=2.0),
    Event("failed", job_key=7, at=2.25, message="away | Error variables: {a=1}", retries=1, backoff=500),
    Event("activated", job_key=7, at=2.75),
    Event("completed", job_key=7, at=3.0, variables={"a": "ü"}),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(events: list[Event], *, colour: bool = False) -> str:
    stream = io.StringIO()
    Story(stream, colour=colour).job(7, "rest-connector", events)
    return stream.getvalue()


def test_a_block_tells_the_events_in_their_order_with_the_time_passed() -> None:
    lines = [line.split(maxsplit=2) for line in told(EVENTS).splitlines()]

    assert lines == [
        ["Job", "7", "(rest-connector)"],
        ["0.000", "s", "handed to the worker"],
        ["0.250", "s", "failed, 1 retries left, again in 500 ms"],
        ["away"],
        ["0.750", "s", "handed to the worker"],
        ["1.000", "s", "completed"],
        ['{"a":"ü"}'],
        [],
    ]


def test_an_incident_is_not_told_twice() -> None:
    failed = Event("failed", at=1.0, message="no such host")

    assert told([failed, Event("incident", at=1.0, message="no such host")]).count("no such host") == 1


def test_terminal_controls_of_foreign_text_are_shown_and_not_sent() -> None:
    assert "\x1b" not in told([Event("failed", message="\x1b[2J\x07 cleared")])


def test_a_long_value_is_cut_with_a_sign() -> None:
    assert shortened("x" * 1000).endswith("x …")
    assert len(shortened("x" * 1000)) < 200


def test_colour_is_for_terminals_that_want_it() -> None:
    assert "\x1b[" in told(EVENTS, colour=True)
    assert wants_colour(Terminal(), {"TERM": "xterm"})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})
    assert not wants_colour(io.StringIO(), {})
