"""The plain HTTP side: the page that shows the phones, the control API for tests, the token endpoint.

GET    /                            the phones, live
GET    /messages?token=&since=      every arrival and what the phones show ("token" may be a fid)
DELETE /messages                    forget them
GET    /summary                     how many
GET, PUT, DELETE /behaviour         how to answer from now on, see behaviour.py
DELETE /tokens                      revoke every bearer token
POST   /token                       OAuth
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from machine.fcm_standin.behaviour import Behaviours, WrongBehaviour
from machine.fcm_standin.oauth import Tokens
from machine.fcm_standin.store import Store
from machine.fcm_standin.wire import Handler, Reply, Request, as_json

PAGE = Path(__file__).with_name("phone.html")
MOST_PHONES = 24
MOST_CARDS = 8
REDRAW_EVERY_S = 0.3  # a replay sends hundreds a second; nobody can read that
STILL_THERE_EVERY_S = 15.0


def page(store: Store, behaviours: Behaviours, tokens: Tokens) -> Handler:
    """Everything that is not FCM."""

    def messages(request: Request) -> Reply:
        target, since = request.query.get("token"), request.query.get("since") or "0"
        if not since.isdigit():
            return as_json(400, {"error": "since must be the number of an arrival (its seq)."})
        found = {"arrivals": store.arrivals(target, int(since)), "shown": store.shown(target)}
        return as_json(200, found)

    def forget(_: Request) -> Reply:
        store.forget()
        return as_json(200, store.counts())

    def behave(request: Request) -> Reply:
        try:
            behaviours.set(json.loads(request.body))
        except (ValueError, WrongBehaviour) as fault:
            return as_json(400, {"error": str(fault)})
        return as_json(200, behaviours.as_json())

    def behave_well(_: Request) -> Reply:
        behaviours.clear()
        return as_json(200, {})

    def revoke(_: Request) -> Reply:
        tokens.forget()
        return as_json(200, {})

    def events(request: Request) -> Reply:
        headers = {"Cache-Control": "no-store"}
        return Reply(200, b"retry: 500\n\n", "text/event-stream", headers, _events(store, request.query.get("target")))

    routes: dict[tuple[str, str], Callable[[Request], Reply]] = {
        ("GET", "/"): lambda _: Reply(200, PAGE.read_bytes(), "text/html; charset=UTF-8"),
        ("GET", "/events"): events,
        ("GET", "/messages"): messages,
        ("DELETE", "/messages"): forget,
        ("GET", "/summary"): lambda _: as_json(200, store.counts()),
        ("GET", "/behaviour"): lambda _: as_json(200, behaviours.as_json()),
        ("PUT", "/behaviour"): behave,
        ("DELETE", "/behaviour"): behave_well,
        ("DELETE", "/tokens"): revoke,
        ("POST", "/token"): tokens.grant,
    }

    def handle(request: Request) -> Reply:
        route = routes.get((request.method, request.path))
        return (
            route(request) if route else as_json(404, {"error": f"There is no {request.method} {request.path} here."})
        )

    return handle


def _events(store: Store, target: str | None) -> Iterator[bytes]:
    """The screens as server-sent events: at once, then after each change; a comment now and then finds out who has left."""
    seen = (-1, -1)
    while True:
        state = store.wait_for_change(seen, STILL_THERE_EVERY_S)
        if state == seen:
            yield b": still there\n\n"
            continue
        seen = state
        counts = store.counts()
        screens = {
            "phones": store.phones(MOST_PHONES, MOST_CARDS, target),
            "phones_count": counts["phones"],
            "arrivals": counts["arrivals"],
        }
        yield b"data: " + json.dumps(screens).encode() + b"\n\n"
        time.sleep(REDRAW_EVERY_S)
