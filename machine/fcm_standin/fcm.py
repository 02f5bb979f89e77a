"""The HTTPS side: a CONNECT proxy in front, POST /v1/projects/{project}/messages:send behind it."""

import re
import socket
import ssl
import time

from machine.fcm_standin import answers
from machine.fcm_standin.behaviour import Behaviours
from machine.fcm_standin.identity import HOST, PROJECT
from machine.fcm_standin.oauth import Tokens
from machine.fcm_standin.payload import NotTaken, read_payload
from machine.fcm_standin.store import Store
from machine.fcm_standin.wire import (
    CUT,
    Handler,
    Malformed,
    Reply,
    Request,
    Talk,
    as_json,
    read_request,
    serve,
    write_reply,
)

SEND = re.compile(r"/v1/projects/([^/]+)/messages:send")
HANDSHAKE_WITHIN_S = 20


def sender(store: Store, behaviours: Behaviours, tokens: Tokens) -> Handler:
    """FCM itself: one request in, FCM's answer out."""

    def handle(request: Request) -> Reply | None:
        path = SEND.fullmatch(request.path)
        if path is None or request.method != "POST":
            return answers.unknown_path()
        if not tokens.is_good(request.headers.get("authorization", "")):
            return answers.no_token()
        if path[1] != PROJECT:
            return answers.other_project(path[1])
        try:
            message, is_trial = read_payload(request.body)
        except NotTaken as fault:
            return fault.reply
        if is_trial:
            return answers.sent(PROJECT, "fake_message_id")
        wanted = behaviours.next_for(message.get("token") or message["fid"])
        if wanted.kind in answers.ON_REQUEST:
            return answers.on_request(wanted.kind, wanted.retry_after_s)
        if wanted.kind == "cut":
            return CUT
        message_id = store.record(message)
        if wanted.kind == "cut_after":
            return CUT
        if wanted.kind == "slow":
            time.sleep(wanted.delay_s)
        return answers.sent(PROJECT, message_id)

    return handle


def proxy(context: ssl.SSLContext, handle: Handler) -> Talk:
    """A CONNECT proxy that knows one host. It speaks TLS on the very connection that asked, so nothing is copied to and fro."""

    def talk(connection: socket.socket) -> None:
        # Unbuffered: what follows the blank line is TLS and must stay in the socket.
        try:
            with connection.makefile("rb", buffering=0) as raw:
                request = read_request(raw)
        except Malformed as fault:
            return write_reply(connection, as_json(400, {"error": str(fault)}))
        if request is None:
            return None
        refusal = _refusal(request)
        if refusal:
            return write_reply(connection, refusal)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.settimeout(HANDSHAKE_WITHIN_S)
        # A duplicate: wrapping takes its socket away, and the listener must still be able to end this connection.
        with context.wrap_socket(connection.dup(), server_side=True) as secured:
            secured.settimeout(None)
            return serve(secured, handle)

    return talk


def _refusal(request: Request) -> Reply | None:
    if request.method != "CONNECT":
        return as_json(405, {"error": "This proxy only knows CONNECT."})
    if request.target != f"{HOST}:443":
        return as_json(403, {"error": f"This proxy only leads to {HOST}:443."})
    return None
