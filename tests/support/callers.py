"""People who use the API: each has a token, asks, checks the status, and holds every answer against the contract."""

import json as json_
import secrets
import uuid
from typing import Any

from tests.support.answers import Answer, Ask
from tests.support.contract import Contract

_FRESH = object()


class Caller:
    """Somebody with a token (or without). `last` is the whole latest answer.

    get, put, post, patch and delete return the parsed JSON.
      expect: the status that must come; without it any 2xx.
      key: the Idempotency-Key; each POST gets a fresh one unless told otherwise, None for none.
      if_match: a version, for If-Match.
      json / data: the body, as a value or as the very bytes.
      language: for Accept-Language.
    """

    def __init__(self, ask: Ask, contract: Contract, token: str | None = None):
        self.ask = ask
        self.contract = contract
        self.token = token
        self.last: Answer | None = None

    def over(self, ask: Ask) -> "Caller":
        """The same person by another way, such as a running server."""
        other = type(self)(ask, self.contract, self.token)
        other.__dict__.update({k: v for k, v in self.__dict__.items() if k not in ("ask", "last")})
        return other

    def get(self, path: str, **how: Any) -> Any:
        return self.send("GET", path, **how).json

    def put(self, path: str, **how: Any) -> Any:
        return self.send("PUT", path, **how).json

    def post(self, path: str, *, key: Any = _FRESH, **how: Any) -> Any:
        return self.send("POST", path, key=str(uuid.uuid4()) if key is _FRESH else key, **how).json

    def patch(self, path: str, **how: Any) -> Any:
        return self.send("PATCH", path, **how).json

    def delete(self, path: str, **how: Any) -> Any:
        return self.send("DELETE", path, **how).json

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        content_type: str | None = "application/json",
        key: str | None = None,
        if_match: int | str | None = None,
        language: str | None = None,
        headers: dict[str, str] | None = None,
        expect: int | None = None,
    ) -> Answer:
        """Ask, check and return the whole answer."""
        sent = {"Accept": "application/json"}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if if_match is not None:
            sent["If-Match"] = f'"{if_match}"' if isinstance(if_match, int) else if_match
        if language is not None:
            sent["Accept-Language"] = language
        body = data if json is None else json_.dumps(json).encode()
        if body is not None and content_type is not None:
            sent["Content-Type"] = content_type
        answer = self.ask(method, path, sent | (headers or {}), body)
        self.last = answer
        self.contract.check(method, path, answer)
        if expect is None:
            assert 200 <= answer.status < 300, f"{method} {path}: {answer}"
        else:
            assert answer.status == expect, f"{method} {path}: {expect} was expected, not {answer}"
        return answer


class Resident(Caller):
    """A person with a phone that has registered itself."""

    def __init__(self, ask: Ask, contract: Contract, token: str | None = None):
        super().__init__(ask, contract, token or secrets.token_urlsafe(32))
        self.device_id = str(uuid.uuid4())
        self.push_token: str | None = None

    def register(self, *, push: str | None = None, language: str = "en", time_zone: str | None = None) -> "Resident":
        """Make the phone known; `push` is its registration token at Firebase."""
        body: dict[str, Any] = {"secret": self.token, "language": language}
        if push is not None:
            body["push"] = {"kind": "fcm_token", "value": push}
            self.push_token = push
        if time_zone is not None:
            body["time_zone"] = time_zone
        self.put(f"/v1/devices/{self.device_id}", json=body)
        return self
