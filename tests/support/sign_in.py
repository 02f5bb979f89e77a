"""Staff with passwords: set quickly, signed in, and their next pair of tokens."""

from typing import Any

from tests.support.callers import Caller

PASSWORD = "a long walk by the harbour"


def give_password(admin: Caller, client: Caller, code: str, password: str = PASSWORD, **more: Any) -> None:
    """Have a member of staff choose this password, by an invitation."""
    token = admin.post(f"/v1/admin/staff/{code}/invitation", json=more, expect=201)["token"]
    client.post("/v1/invitations/accept", key=None, json={"token": token, "password": password}, expect=200)


def sign_in(client: Caller, name: str, password: str = PASSWORD, **how: Any) -> dict[str, Any]:
    """The answer to a sign-in."""
    label = how.pop("label", None)
    body = {"name": name, "password": password, **({"label": label} if label else {})}
    return client.post("/v1/sign-in", key=None, json=body, **how)


def refresh(client: Caller, token: str, expect: int = 200) -> dict[str, Any]:
    """The answer to a refresh."""
    return client.post("/v1/sign-in/refresh", key=None, json={"refresh_token": token}, expect=expect)


def holder(client: Caller, tokens: dict[str, Any]) -> Caller:
    """Who calls with the access token of this pair."""
    return Caller(client.ask, client.contract, tokens["access_token"])
