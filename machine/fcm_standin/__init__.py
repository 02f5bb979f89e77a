"""A stand-in for Firebase Cloud Messaging on loopback: FCM's own HTTP, so that an unchanged firebase-admin sends to it.

It is reached as Google is: over TLS, at https://fcm.googleapis.com, with a bearer token that a service account got. Only the environment
differs (`StandIn.environment`): a CONNECT proxy that leads to nowhere else, a certificate authority that nobody else trusts, and a service
account whose `token_uri` is on this machine. Its page shows the phones.

    python -m machine.fcm_standin --data DIR [--page-port N] [--proxy-port N]
"""

from machine.fcm_standin.server import StandIn, start, start_process
from machine.fcm_standin.store import CannotStart

__all__ = ["CannotStart", "StandIn", "start", "start_process"]
