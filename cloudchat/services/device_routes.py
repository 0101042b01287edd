"""Where a webhook belongs: the deliberate looks across organizations, and what they remember.

A change of a device is seen in every process within `ROUTE_CACHE_SECONDS`.
"""

import time
from dataclasses import dataclass

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Device, Organization
from cloudchat.services import secrets
from cloudchat.tenancy import acting_as, all_organizations

# Webhooks look their device up for each call; a change is seen everywhere within this many seconds.
ROUTE_CACHE_SECONDS = 15
_routes: dict[tuple[str, str, str], tuple[float, "Route"]] = {}
_webhook_secrets: dict[tuple[int, str], tuple[float, str]] = {}


@dataclass(frozen=True)
class Route:
    """Where a webhook event belongs."""

    device_id: int
    organization_id: int
    is_open: bool = True  # its organization is switched on
    account: str = ""


def by_external_account(kind: str, external_account: str) -> Route | None:
    """Where a provider's account belongs: the one deliberate look across tenants of a webhook."""
    return _cached(kind, "external_account", external_account)


def by_public_key(kind: str, public_key: str) -> Route | None:
    """The active device with this public key (web chat page, webhook address)."""
    return _cached(kind, "public_key", public_key) if len(public_key) <= 40 else None


def webhook_secret(route: Route, name: str) -> str:
    """What the provider proves itself with at this device's webhook address; "" where there is none."""
    key = route.device_id, name
    kept = _webhook_secrets.get(key)
    if kept is None or kept[0] < time.monotonic():
        with acting_as(route.organization_id):
            sealed = db.session.scalar(select(Device.secrets).where(Device.id == route.device_id))
            db.session.rollback()
        if len(_webhook_secrets) > 10_000:
            _webhook_secrets.clear()
        kept = time.monotonic() + ROUTE_CACHE_SECONDS, secrets.decrypt(sealed).get(name) or ""
        _webhook_secrets[key] = kept
    return kept[1]


def _cached(kind: str, column: str, value: str) -> Route | None:
    key = kind, column, value
    kept = _routes.get(key)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    with all_organizations("webhook routing"):
        row = db.session.execute(
            select(Device.id, Device.organization_id, Device.external_account, Organization.is_active)
            .join(Organization, Organization.id == Device.organization_id)
            .where(
                getattr(Device, column) == value,
                Device.type == kind,
                Device.deleted_at.is_(None),
                Device.is_active,
            )
        ).first()
    if row is None:
        _routes.pop(key, None)
        return None
    if len(_routes) > 10_000:
        _routes.clear()
    route = Route(row.id, row.organization_id, row.is_active, row.external_account)
    _routes[key] = (time.monotonic() + ROUTE_CACHE_SECONDS, route)
    return route


def forget_routes() -> None:
    """Drop what is cached, after a device changed in this process."""
    _routes.clear()
    _webhook_secrets.clear()


def by_parent_account(kind: str, parent_account: str) -> list[Route]:
    """The devices below an account that several share (a WABA), of every organization whose number Meta
    has confirmed there: each keeps the news as a row of its own, and sees no other's."""
    with all_organizations("webhook routing"):
        rows = db.session.execute(
            select(Device.id, Device.organization_id, Organization.is_active)
            .join(Organization, Organization.id == Device.organization_id)
            .where(
                Device.verified_waba == parent_account,
                Device.type == kind,
                Device.deleted_at.is_(None),
                Device.is_active,
            )
        ).all()
    return [Route(row.id, row.organization_id, row.is_active) for row in rows]
