"""What becomes of contacts."""

from dataclasses import dataclass

from cloudchat.events.base import Event


@dataclass(frozen=True)
class ContactUnnamed(Event):
    """A new customer whose name the provider tells only when asked."""

    organization_id: int
    device_id: int
    external_user_id: str


@dataclass(frozen=True)
class ContactImportDue(Event):
    """An uploaded contact file has to be checked or imported."""

    organization_id: int
    import_id: int


@dataclass(frozen=True)
class ContactChanged(Event):
    """A contact's details changed; everybody of the organization may see contacts."""

    organization_id: int
    contact_id: int


@dataclass(frozen=True)
class ContactsAdded(Event):
    """New contacts: by hand, from a file, or because a stranger wrote."""

    organization_id: int
    contact_ids: tuple[int, ...]


@dataclass(frozen=True)
class ContactsRefreshed(Event):
    """Contacts that an imported file changed, many at once."""

    organization_id: int
    contact_ids: tuple[int, ...]


@dataclass(frozen=True)
class ContactsErased(Event):
    """Contacts are gone; their files, and what providers sent of them, have to follow.

    identities: (device id, the provider's id of the customer).
    """

    organization_id: int
    file_keys: tuple[str, ...]
    identities: tuple[tuple[int, str], ...]
