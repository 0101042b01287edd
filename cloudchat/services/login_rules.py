"""An organization's own rules of logging in: who needs a second factor, how long a login lasts, how long
a password has to be, whom one may invite, and from where one may come.

They are read wherever they count, never kept: a rule that is made stricter holds for the next call.
"""

import ipaddress
import re
from dataclasses import dataclass

from sqlalchemy import select

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Organization
from cloudchat.models.users import ROLES
from cloudchat.services import audit
from cloudchat.tenancy import current_organization_id

SESSION_HOURS = (1, 720)  # the cookie itself lasts 30 days
IDLE_MINUTES = (5, 43_200)
PASSWORD_MINIMUM = (10, 64)
MOST_ENTRIES = 50
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True)
class LoginRules:
    """Each field as the column of the same name; empty lists and None mean no such rule."""

    second_factor_roles: tuple[str, ...] = ()
    session_hours: int = 720
    idle_minutes: int | None = None
    password_minimum: int = 10
    email_domains: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    def needs_second_factor(self, role: str) -> bool:
        return role in self.second_factor_roles

    def allows_email(self, email: str) -> bool:
        return not self.email_domains or email.rpartition("@")[2].lower() in self.email_domains


def current() -> LoginRules:
    """The rules of the present organization."""
    return _rules_of(_row())


def _row(lock: bool = False) -> Organization:
    statement = select(Organization).where(Organization.id == current_organization_id())
    statement = statement.execution_options(populate_existing=True)
    return db.session.scalars(statement.with_for_update() if lock else statement).one()


def _rules_of(row: Organization) -> LoginRules:
    return LoginRules(
        tuple(row.second_factor_roles),
        row.session_hours,
        row.idle_minutes,
        row.password_minimum,
        tuple(row.email_domains),
        tuple(row.networks),
    )


def change(values: dict, ip: str | None) -> LoginRules:
    """Change the rules that `values` names. `ip` is where the caller is: nobody shuts the own door."""
    row = _row(lock=True)
    before = _rules_of(row)
    after = _checked({**before.__dict__, **values}, ip)
    changed = [name for name in after.__dict__ if getattr(after, name) != getattr(before, name)]
    for name in changed:
        value = getattr(after, name)
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    if changed:
        audit.record(
            "login_rules.changed",
            row,
            before={name: getattr(before, name) for name in changed},
            after={name: getattr(after, name) for name in changed},
        )
    db.session.commit()
    return after


def _checked(values: dict, ip: str | None) -> LoginRules:
    errors: dict[str, list[str]] = {}
    for name, (least, most) in (
        ("session_hours", SESSION_HOURS),
        ("idle_minutes", IDLE_MINUTES),
        ("password_minimum", PASSWORD_MINIMUM),
    ):
        value = values[name]
        if name == "idle_minutes" and value is None:
            continue
        if not isinstance(value, int) or not least <= value <= most:
            errors[name] = ["out_of_range"]
    if not set(values["second_factor_roles"]) <= set(ROLES):
        errors["second_factor_roles"] = ["role_unknown"]
    domains = tuple(dict.fromkeys(domain.lower().lstrip("@") for domain in values["email_domains"]))
    if len(domains) > MOST_ENTRIES or not all(map(_DOMAIN.fullmatch, domains)):
        errors["email_domains"] = ["domain_invalid"]
    networks, trouble = _checked_networks(values["networks"], ip)
    if trouble:
        errors["networks"] = [trouble]
    if errors:
        raise Invalid("login_rules", fields=errors)
    roles = tuple(role for role in ROLES if role in values["second_factor_roles"])
    kept = {"second_factor_roles": roles, "email_domains": domains, "networks": networks}
    return LoginRules(**{**values, **kept})


def _checked_networks(given: tuple[str, ...], ip: str | None) -> tuple[tuple[str, ...], str]:
    """The networks in their usual spelling, and what is wrong with them."""
    try:
        networks = tuple(dict.fromkeys(str(ipaddress.ip_network(item, strict=False)) for item in given))
    except ValueError:
        return (), "network_invalid"
    if len(networks) > MOST_ENTRIES:
        return (), "network_invalid"
    if not is_within(networks, ip):
        return (), "network_without_you"
    return networks, ""


def is_within(networks: tuple[str, ...] | list[str], ip: str | None) -> bool:
    """Whether an address is in one of the networks; without any, all are let in."""
    if not networks:
        return True
    try:
        address = ipaddress.ip_address((ip or "").partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ipaddress.ip_network(network) for network in networks)
