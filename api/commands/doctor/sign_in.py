"""Checks of the ways to sign in: identity providers, their claims, mail. Nothing is sent."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.catalogue.in_force import town_row
from api.commands.doctor.findings import Finding, warning, well, wrong
from api.exposure import ways_in
from core.config import BadConfiguration, Config
from domain.city import Area, Crew, Department, Layer
from identity.claims import ClaimRules, read_mapping
from identity.key_ring import KeyRing
from notifications.mail import Mailer

PATIENCE_S = 10.0


def sign_in(config: Config) -> Iterator[Finding]:
    """The file of claims, as far as it can be judged by itself; unsigned tokens."""
    if config.oidc_issuer is not None and config.oidc_claims is not None:
        try:
            rules = read_mapping(config.oidc_claims)
        except BadConfiguration as fault:
            for mistake in fault.mistakes:
                yield wrong(mistake, "docs/sign-in.md says how the file is written.")
        else:
            yield well(f"Staff sign in through {config.oidc_issuer}; {len(rules.rules)} rules say what they are.")
            if config.oidc_claims.stat().st_mode & 0o022:
                yield wrong(f"Others may write {config.oidc_claims}, and so make anybody an admin.", "chmod go-w it.")
    if config.firebase_auth_emulator_host is not None:
        say = wrong if ways_in(config) else warning
        yield say("FIREBASE_AUTH_EMULATOR_HOST is set: unsigned tokens let anybody in.", "Take it away.")


def claims(config: Config, session: Session) -> Iterator[Finding]:
    """Does the town have what the rules send people to?"""
    town = town_row(session)
    if config.oidc_claims is None or town is None:
        return
    try:
        rules = read_mapping(config.oidc_claims)
    except BadConfiguration:
        return  # said by another check
    missing = list(_missing(session, town.id, rules))
    for number, what in missing:
        yield wrong(
            f"Rule {number} of OIDC_CLAIMS names {what}, which the town does not have: nobody gets in by it.",
            "Put it right there, or add it to the town; then restart the API.",
        )


def _missing(session: Session, town_id: int, rules: ClaimRules) -> Iterator[tuple[int, str]]:
    departments = _codes(session, Department, town_id)
    crews = _codes(session, Crew, town_id)
    layers = select(Layer.code, Area.code).join(Area, Area.layer_id == Layer.id)
    layers = layers.where(Layer.jurisdiction_id == town_id).where(Area.is_current)
    areas = {f"{layer}:{area}" for layer, area in session.execute(layers)}
    for number, rule in enumerate(rules.rules, 1):
        yield from ((number, f"the department {code}") for code in rule.part.departments if code not in departments)
        yield from ((number, f"the area {key}") for key in rule.part.areas if key not in areas)
        if rule.part.crew is not None and rule.part.crew not in crews:
            yield number, f"the crew {rule.part.crew}"


def _codes(session: Session, model: type[Department] | type[Crew], town_id: int) -> set[str]:
    return set(session.scalars(select(model.code).where(model.jurisdiction_id == town_id).where(model.active)))


def identity_provider(config: Config) -> Iterator[Finding]:
    """Does it answer, for itself, with keys that we can use?"""
    if config.oidc_issuer is None:
        return
    reason = KeyRing(config.oidc_issuer).try_out()
    if reason is None:
        yield well(f"{config.oidc_issuer} answers, and serves its keys.")
    else:
        yield wrong(
            f"{config.oidc_issuer} gives no keys ({reason}): nobody new gets in.",
            "Is OIDC_ISSUER exactly what its /.well-known/openid-configuration says, and may this machine reach it?",
        )


def mail_server(config: Config) -> Iterator[Finding]:
    """Does it let us in?"""
    if config.smtp_url is None or config.mail_from is None:
        return
    mailer = Mailer(config.smtp_url, config.mail_from, PATIENCE_S)
    reason = mailer.try_out()
    if reason is None:
        yield well(f"The mail server {mailer.host} lets us in.")
    else:
        yield wrong(
            f"The mail server {mailer.host}:{mailer.port} does not ({reason}): links to sign in are not sent.",
            "Are SMTP_URL, its user and its password right, and may this machine reach it?",
        )


CHECKS = (sign_in,)
WITH_TABLES = (claims,)
ONLINE_CHECKS = (identity_provider, mail_server)
