"""Firebase ID tokens of residents. With notifications/push.py the only file that knows Firebase."""

import uuid
from datetime import UTC, datetime

import firebase_admin
from firebase_admin import auth, credentials
from google.auth.credentials import AnonymousCredentials

from domain.errors import Away, TokenExpired, TokenUnknown
from identity.vouched import Vouched, is_subject

ISSUERS = "https://securetoken.google.com/"
SKEW_S = 60  # the most that firebase-admin takes
PATIENCE_S = 5.0
LONGEST_SUBJECT = 128


class _Nobody(credentials.Base):
    """Tokens are checked with public certificates: no account of ours is needed for that."""

    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()


class Firebase:
    """The Firebase project that the apps sign in to. Threads may share it.

    firebase-admin keeps Google's certificates as long as they are good. With FIREBASE_AUTH_EMULATOR_HOST in the environment
    it takes unsigned tokens: `core.config` reads that too, and no server starts so where others reach it.
    """

    def __init__(self, project: str):
        self.issuer = ISSUERS + project
        options = {"projectId": project, "httpTimeout": PATIENCE_S}
        self._app = firebase_admin.initialize_app(_Nobody(), options, name=f"identity-{uuid.uuid4()}")

    def vouch(self, token: str) -> Vouched:
        """Whom a token is about, when it is good.

        Raises TokenUnknown for one that is not, TokenExpired for one that was, Away when Google's certificates cannot be had.
        """
        try:
            claims = auth.verify_id_token(token, app=self._app, clock_skew_seconds=SKEW_S)
        except auth.ExpiredIdTokenError:
            raise TokenExpired() from None
        except auth.CertificateFetchError:
            raise Away(headers={"Retry-After": "10"}) from None
        except (auth.InvalidIdTokenError, ValueError):
            raise TokenUnknown() from None
        if not is_subject(claims["sub"], LONGEST_SUBJECT):
            raise TokenUnknown()
        return Vouched(
            provider="firebase",
            issuer=self.issuer,
            subject=claims["sub"],
            issued_at=datetime.fromtimestamp(claims["iat"], UTC),
            expires_at=datetime.fromtimestamp(claims["exp"] + SKEW_S, UTC),
        )
