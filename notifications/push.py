"""Push through Firebase Cloud Messaging: the only file that knows it.

`connect` once in a process, then `send` letters; each gets an `Outcome` that says what to do next. Nothing is raised for a letter that did
not go, and nothing is retried here: when to try again is decided by who keeps the letters.

A letter may arrive twice (a connection can break after FCM has taken it). Every copy carries the notification's id as collapse key, tag,
apns-collapse-id and web push topic, so the second replaces the first on the phone. FCM keeps at most four collapse keys for a phone that is
away, and does not say which ("Collapsible messages", read 2026-11): a phone that comes back must ask the API what it missed.

To send to the stand-in instead of Google, only the environment differs (HTTPS_PROXY, REQUESTS_CA_BUNDLE, the credentials file).
"""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any, Literal

import firebase_admin
from firebase_admin import credentials, exceptions, messaging
from google.auth.credentials import TokenState
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
