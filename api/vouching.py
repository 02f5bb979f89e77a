"""Tokens of others: which provider a bearer token is of, whether it is good, and letting its owner in."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app

from actions.admission import admit
from api.town import town
from core.config import Config
from core.db import transaction
from domain.errors import NoRole, SignInNotOffered, TokenRevoked
from identity.claims import read_mapping
from identity.oidc import OpenId
from identity.vouched import Vouched, claimed_issuer

if TYPE_CHECKING:
    from identity.firebase import Firebase

log = logging.getLogger(__name__)

KEY = "mendway-vouchers"


@dataclass
class Vouchers:
    """The providers of this deployment. Firebase's library takes a quarter of a second to load, so only where it is wanted."""

    oidc: OpenId | None = None
    firebase: "Firebase | None" = None

    @property
    def issuers(self) -> dict[str, "OpenId | Firebase"]:
        return {one.issuer: one for one in (self.oidc, self.firebase) if one is not None}


def set_up_vouchers(app: Flask, config: Config) -> None:
    """Make the providers that the configuration names. Raises BadConfiguration for a file of claims that has mistakes."""
    made = Vouchers()
    if config.oidc_issuer is not None and config.oidc_claims is not None:
        made.oidc = OpenId(config.oidc_issuer, config.oidc_audiences, read_mapping(config.oidc_claims))
    if config.firebase_project is not None:
        from identity.firebase import Firebase

        made.firebase = Firebase(config.firebase_project)
    app.extensions[KEY] = made


def vouchers() -> Vouchers:
    """Those of this application."""
    return current_app.extensions[KEY]


def has_been_let_in(token: str) -> bool:
    """Let in the owner of a bearer token that is not known yet; False when it is of no provider of ours.

    No transaction is open while a provider is asked. Raises TokenUnknown, TokenExpired, TokenRevoked, NoRole; Away when it
    cannot be told now whether the token is good.
    """
    voucher = vouchers().issuers.get(claimed_issuer(token) or "")
    if voucher is None:
        return False
    vouched = voucher.vouch(token)
    with transaction() as session:
        outcome = admit(session, town().id, vouched, token)
    log.info("token of a provider", extra={"provider": vouched.provider, "outcome": outcome})
    if outcome == "no-role":
        raise NoRole()
    if outcome == "shut-out":
        raise TokenRevoked()
    return True


def vouched_by_firebase(token: str) -> Vouched:
    """Whom a Firebase ID token is about. Raises SignInNotOffered, TokenUnknown, TokenExpired, Away."""
    firebase = vouchers().firebase
    if firebase is None:
        raise SignInNotOffered()
    return firebase.vouch(token)
