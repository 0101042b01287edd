"""The rows that are there before anything is measured: an empty database proves nothing."""

from dataclasses import dataclass

from tests.bench.stack import Stack

# The account that the simulators know at their start, so that sends reach the fake Meta.
SIMULATOR_ACCOUNT = "106540352242922"
CROWD_ACCOUNT = "106540352242999"
AGENTS = 20
CROWD = 250  # users of the organization whose sockets are counted
LABELS = ("Sepuluh", "Prospek", "Keluhan", "VIP", "Tagihan")
UNREAD_EVERY = 49  # every so manyth conversation has unread messages: 2 %


@dataclass(frozen=True)
class Place:
    """An organization with one WhatsApp number, its customers `contacts` and its people."""

    organization_id: int
    device_id: int
    account: str
    contacts: tuple[int, int]
    tokens: tuple[str, ...]
    manager_token: str
    labels: tuple[int, ...]
    user_ids: tuple[int, ...]


@dataclass(frozen=True)
class Seed:
    """`shop` holds nearly all rows; `crowd` has the many sockets; a third one is merely there."""

    shop: Place
    crowd: Place
    sizes: dict[str, int]


def make(stack: Stack, conversations: int, messages: int) -> Seed:
    """Make everything and ANALYZE."""
    from tests import factories

    with stack.app.app_context():
        shop = _organization(factories, "Toko Besar", AGENTS, SIMULATOR_ACCOUNT)
        crowd = _organization(factories, "Toko Ramai", CROWD, CROWD_ACCOUNT)
        bystander = _organization(factories, "Toko Tetangga", 3, "106540352242888")
    small = max(100, conversations // 50)
    sizes = {}
    with stack.sql() as connection:
        connection.execute("set session_replication_role = replica")  # rows fit by construction
        search = _without_search_index(connection)
        first = 1
        for place, count, each, assigned in (
            (shop, conversations, messages // conversations, True),
            (crowd, small, 10, False),  # unassigned ones are everybody's: each event goes to all
            (bystander, small, 10, True),
        ):
            _fill(connection, place, first, count, each, assigned)
            place["contacts"] = (first, first + count)
            first += count
        for definition in search:
            connection.execute(definition)
        for table in ("contacts", "contact_identities", "conversations", "messages"):
            connection.execute(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
            )
            (sizes[table],) = connection.execute(f"select count(*) from {table}").fetchone()
        connection.execute("vacuum (analyze)")
        connection.execute("checkpoint")
    return Seed(Place(**shop), Place(**crowd), sizes)


def _organization(factories, name: str, agents: int, account: str) -> dict:
    organization_id = factories.organization(name)
    people = [factories.person(organization_id, "agent") for _ in range(agents)]
    manager = factories.person(organization_id, "manager")
    labels = [factories.label(organization_id, name).id for name in LABELS]
    device = factories.device(organization_id, external_account=account)
    return {
        "organization_id": organization_id,
        "device_id": device.id,
        "account": account,
        "tokens": tuple(person.token for person in people),
        "manager_token": manager.token,
        "labels": tuple(labels),
        "user_ids": tuple(person.id for person in people),
    }


def _without_search_index(connection) -> list[str]:
    """Take the full-text index away while a million rows come in; answers how to make it again."""
    found = connection.execute(
        "select indexname, indexdef from pg_indexes where tablename = 'messages'"
        " and indexdef like '%USING gin%'"
    ).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}")
    return [definition for _, definition in found]


def _fill(connection, place: dict, first: int, count: int, each: int, assigned: bool) -> None:
    """`count` customers with a conversation of `each` messages, written in turns as in life."""
    (offset,) = connection.execute("select coalesce(max(id), 0) from messages").fetchone()
    values = {
        **place,
        "first": first,
        "last": first + count - 1,
        "count": count,
        "each": each,
        "offset": offset,
        "assigned": assigned,
        "users": list(place["user_ids"]),
        "ten": place["labels"][0],
        "labels": list(place["labels"][1:]),
        "unread": UNREAD_EVERY,
    }
    for statement in (CONTACTS, IDENTITIES, MESSAGES, CONVERSATIONS, LABELLED):
        connection.execute(statement, values)


CONTACTS = """
    insert into contacts (id, organization_id, name, phone, custom_fields, created_at, updated_at)
    select i, %(organization_id)s,
           (array['Budi','Siti','Andi','Dewi','Rina','Agus','Wati','Joko'])[1 + i %% 8]
               || ' ' || (array['Santoso','Lestari','Pratama','Wulandari'])[1 + i / 8 %% 4]
               || ' ' || i,
           '+62811' || lpad(i::text, 8, '0'), '{}', now() - interval '90 days', now()
    from generate_series(%(first)s::int, %(last)s::int) as i
"""

IDENTITIES = """
    insert into contact_identities (organization_id, device_id, contact_id, external_id, created_at)
    select %(organization_id)s, %(device_id)s, i, '62811' || lpad(i::text, 8, '0'),
           now() - interval '90 days'
    from generate_series(%(first)s::int, %(last)s::int) as i
"""

# Message k belongs to conversation k mod count; in and out take turns, and the last of an unread
# conversation is inbound.
MESSAGES = """
    insert into messages (
        id, organization_id, conversation_id, device_id, direction, sender_type, sender_id, type,
        text, payload, status, external_id, occurred_at, created_at, status_at
    )
    select %(offset)s + k, %(organization_id)s, conversation, %(device_id)s, direction,
           case direction when 'in' then 'contact' else 'agent' end,
           case direction when 'out' then (%(users)s::int[])[1 + k %% 3] end, 'text',
           (array['Halo kak, mau tanya stok barang','Ongkir ke Bandung berapa ya','Pesanan saya',
                  'Baik kak, kami cek dulu','Sudah kami kirim hari ini','Terima kasih banyak'])
               [1 + k %% 6] || ' nomor ' || k,
           '{}', case direction when 'in' then 'received' else 'read' end, 'wamid.seed.'
               || %(offset)s + k, moment, moment, moment
    from (
        select k, %(first)s + (k - 1) %% %(count)s as conversation,
               now() - interval '30 days' * (1 - k / (%(count)s::int * %(each)s)::float) as moment,
               case when (k - 1) / %(count)s = %(each)s - 1
                         and (k - 1) %% %(count)s %% %(unread)s <> 0 then 'out'
                    when (k - 1) / %(count)s = %(each)s - 1 or (k - 1) / %(count)s %% 2 = 0
                    then 'in' else 'out' end as direction
        from generate_series(1, %(count)s::int * %(each)s::int) as k
    ) as m
"""

CONVERSATIONS = """
    insert into conversations (
        id, organization_id, contact_id, device_id, external_user_id, status, assignee_id,
        awaiting_division_selection, needs_human, last_message_id, last_message_at,
        last_message_text, last_message_direction, last_inbound_at, unread_count,
        last_read_message_id, version, created_at, updated_at
    )
    select m.conversation_id, %(organization_id)s, m.conversation_id, %(device_id)s,
           '62811' || lpad(m.conversation_id::text, 8, '0'), 'open',
           case when %(assigned)s and m.conversation_id %% 3 > 0
                then (%(users)s::int[])[1 + m.conversation_id %% cardinality(%(users)s::int[])] end,
           false, false, m.id, m.created_at, m.text, m.direction, m.created_at,
           case m.direction when 'in' then 1 else 0 end,
           case m.direction when 'in' then m.id - 1 else m.id end, 1,
           now() - interval '90 days', now()
    from messages m
    where m.id > %(offset)s + %(count)s::int * (%(each)s - 1)
"""

# Every third one has a label or two; "Sepuluh" is on ten, for a page that is short.
LABELLED = """
    insert into conversation_labels (organization_id, conversation_id, label_id, created_at)
    select %(organization_id)s, i, (%(labels)s::int[])[1 + (i / 3 + n) %% 4], now()
    from generate_series(%(first)s::int, %(last)s::int, 3) as i, generate_series(0, i %% 2) as n
    union all
    select %(organization_id)s, i, %(ten)s, now()
    from generate_series(%(first)s::int, %(first)s::int + 27, 3) as i
"""
