"""Where customers' messages belong: the contact and the open, locked conversation of each sender."""

from dataclasses import dataclass

from cloudchat.events import ContactsAdded, ContactUnnamed, publish
from cloudchat.services.statements import run
from cloudchat.tenancy import current_organization_id

MAX_ROUNDS = 4  # how often to look again where others open or resolve the same conversations


@dataclass(frozen=True)
class Sender:
    """Somebody on a device, as its provider names them; name and phone as far as it told."""

    device_id: int
    external_id: str
    name: str | None = None
    phone: str | None = None

    @property
    def key(self) -> tuple[int, str]:
        return self.device_id, self.external_id

    @property
    def person(self) -> str:
        """Senders with the same phone number are one contact, on whichever device they write."""
        return self.phone or f"{self.device_id}:{self.external_id}"


@dataclass
class Place:
    """The locked conversation that a message goes to, with what the batch did to it so far."""

    conversation_id: int
    contact_id: int
    device_id: int
    status: str
    assignee_id: int | None
    division_id: int | None
    taken_by: int | None = None  # a conversation that was made here: the pipeline that takes it


def places_of(senders: list[Sender], status: str = "open") -> dict[tuple[int, str], Place]:
    """The place of each sender; contacts and conversations that are missing are made, those with `status`.

    Part of the caller's transaction, inside one organization. Rows are locked in one order (people,
    conversations by id, new conversations by device and contact), so batches that meet wait for
    each other.
    """
    wanted = {sender.key: sender for sender in senders}
    taken_by: dict[int, int] = {}
    for _ in range(MAX_ROUNDS):
        contacts, places = _find(list(wanted))
        missing = [sender for key, sender in wanted.items() if key not in contacts]
        if missing:
            contacts |= _make_contacts(missing)
        to_open = [key for key in wanted if key not in places]
        if not to_open:
            for place in places.values():
                place.taken_by = taken_by.get(place.conversation_id)
            return places
        taken_by |= _open(to_open, contacts, status)
    raise RuntimeError("the conversations of a batch change faster than it can lock them")


_FIND = """
    with wanted as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as w(device_id int, external_id text)
    ), known as materialized (
        select w.device_id, w.external_id, i.contact_id
        from wanted w
        join contact_identities i on i.device_id = w.device_id and i.external_id = w.external_id
        where i.organization_id = %(organization_id)s
    ), locked as materialized (
        select c.id, c.device_id, c.contact_id, c.status, c.assignee_id, c.division_id
        from conversations c
        where c.organization_id = %(organization_id)s and c.status <> 'resolved'
          and (c.device_id, c.contact_id) in (select device_id, contact_id from known)
        order by c.id
        for no key update
    )
    select k.device_id, k.external_id, k.contact_id,
           l.id, l.status, l.assignee_id, l.division_id
    from known k left join locked l using (device_id, contact_id)
"""


def _find(keys: list[tuple[int, str]]):
    """(contact id by key, place by key): who is known, and the conversations now locked."""
    rows = [{"device_id": device_id, "external_id": external} for device_id, external in keys]
    contacts: dict[tuple[int, str], int] = {}
    places: dict[tuple[int, str], Place] = {}
    by_id: dict[int, Place] = {}  # a merged contact may have two names on one device
    for device_id, external_id, contact_id, conversation_id, *state in run(_FIND, rows):
        contacts[device_id, external_id] = contact_id
        if conversation_id is not None:
            place = by_id.get(conversation_id) or Place(conversation_id, contact_id, device_id, *state)
            by_id[conversation_id] = places[device_id, external_id] = place
    return contacts, places


# --- contacts ----------------------------------------------------------------------------------

_LOCK_PEOPLE = """
    select pg_advisory_xact_lock(%(organization_id)s, hash)
    from (
        select distinct hashtext(person) as hash
        from jsonb_array_elements_text(%(rows)s::jsonb) as p(person) order by 1
    ) as people
"""

_CREATE = """
    with people as (
        select * from jsonb_to_recordset(%(rows)s::jsonb)
            as p(place int, name text, phone text, identities jsonb)
    ), chosen as materialized (
        select p.*, k.id as known_id,
               coalesce(k.id, nextval(pg_get_serial_sequence('contacts', 'id'))::int) as id
        from people p
        left join lateral (
            select min(c.id) as id from contacts c
            where c.organization_id = %(organization_id)s and c.phone = p.phone
        ) k on true
        order by p.place
    ), made as (
        insert into contacts (
            id, organization_id, name, phone, custom_fields, created_at, updated_at
        )
        select id, %(organization_id)s, name, phone, '{}', now(), now()
        from chosen where known_id is null
    )
    insert into contact_identities (organization_id, device_id, contact_id, external_id, created_at)
    select %(organization_id)s, i.device_id, c.id, i.external_id, now()
    from chosen c,
         jsonb_to_recordset(c.identities) as i(device_id int, external_id text)
    on conflict (device_id, external_id) do nothing
    returning device_id, external_id, contact_id,
              not exists (select from chosen k where k.id = contact_id and k.known_id is not null) as is_new
"""


def _make_contacts(senders: list[Sender]) -> dict[tuple[int, str], int]:
    """A new contact for each person, or the one with this phone number. One at a time per person:
    two first messages at once wait for each other here, and the second looks again."""
    run(_LOCK_PEOPLE, sorted({sender.person for sender in senders}))
    contacts, _ = _find([sender.key for sender in senders])
    people: dict[str, dict] = {}
    for sender in senders:
        if sender.key in contacts:
            continue
        person = people.setdefault(
            sender.person,
            {"place": len(people), "name": None, "phone": sender.phone, "identities": []},
        )
        person["name"] = person["name"] or _name(sender)
        person["identities"].append({"device_id": sender.device_id, "external_id": sender.external_id})
    if people:
        added = run(_CREATE, list(people.values()))
        for row in added:
            contacts[row.device_id, row.external_id] = row.contact_id
        made = tuple(sorted({row.contact_id for row in added if row.is_new}))
        if made:
            publish(ContactsAdded(current_organization_id(), made))
        for person in people.values():
            if not person["phone"] and person["name"] == person["identities"][0]["external_id"]:
                known = person["identities"][0]
                publish(ContactUnnamed(current_organization_id(), known["device_id"], known["external_id"]))
    return contacts


def _name(sender: Sender) -> str:
    return (sender.name or sender.phone or sender.external_id).strip()[:255] or "?"


# --- conversations -----------------------------------------------------------------------------

# The window for free text belongs to the customer and the number: a new conversation inherits it.
_OPEN = """
    insert into conversations (
        organization_id, contact_id, device_id, external_user_id, status, needs_human,
        awaiting_division_selection, last_message_at, last_message_text, last_inbound_at,
        unread_count, last_read_message_id, version, created_at, updated_at
    )
    select %(organization_id)s, w.contact_id, w.device_id, w.external_id, %(status)s, false,
           false, now(), '',
           (
               select max(c.last_inbound_at) from conversations c
               where c.organization_id = %(organization_id)s and c.contact_id = w.contact_id
                 and c.device_id = w.device_id
           ),
           0, 0, 1, now(), now()
    from jsonb_to_recordset(%(rows)s::jsonb) as w(device_id int, contact_id int, external_id text)
    order by w.device_id, w.contact_id
    on conflict (device_id, contact_id) where status <> 'resolved' do nothing
    returning id, (
        select p.id from pipelines p
        where p.organization_id = %(organization_id)s and p.takes_new and p.is_active
    ) as taken_by
"""


def _open(keys: list[tuple[int, str]], contacts: dict[tuple[int, str], int], status: str) -> dict[int, int]:
    """Make them; answers the pipeline that takes them, where there is one, by conversation."""
    rows = [
        {"device_id": key[0], "external_id": key[1], "contact_id": contacts[key]}
        for key in keys
        if key in contacts
    ]
    made = run(_OPEN, rows, status=status)
    return {row.id: row.taken_by for row in made if row.taken_by is not None}
