"""Badge counts: always what the database would count."""

from dataclasses import dataclass

from sqlalchemy import text

from cloudchat.extensions import db
from cloudchat.tenancy import current_organization_id


@dataclass(frozen=True)
class Counts:
    """Unread conversations, and unread messages in them."""

    conversations: int = 0
    messages: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.conversations + other.conversations, self.messages + other.messages)


# One row for each (assignee, division): all users' badges follow from it.
_GROUPS = text("""
    select assignee_id, division_id, count(*) as conversations, sum(unread_count) as messages
    from conversations
    where organization_id = :organization_id and unread_count > 0
    group by assignee_id, division_id
""")

_MEMBERS = text("""
    select u.id, u.role, coalesce(array_agg(d.division_id) filter (where d.is_active), '{}') as divisions
    from users u
    left join division_agents d on d.organization_id = u.organization_id and d.user_id = u.id
    where u.organization_id = :organization_id and u.is_active
      and (cast(:user_id as int) is null or u.id = :user_id)
    group by u.id, u.role
""")

_ONE_MEMBER = text(
    f"with groups as ({_GROUPS.text}), members as ({_MEMBERS.text}) select * from members, groups"
)


@dataclass(frozen=True)
class Frame:
    """What stands around every page: badges, the bell's number, and how busy its reader is."""

    unread: Counts = Counts()
    notifications: int = 0
    open: int = 0
    capacity: int = 0


# One statement for all of it: every page shows it.
_BELL = text("""
    select count(*) from notifications
    where organization_id = :organization_id and user_id = :user_id and read_at is null and listed
""")
_LOAD = text("""
    select coalesce(max(capacity), 0) as capacity, (
        select count(*) from conversations
        where organization_id = :organization_id and assignee_id = :user_id and status = 'open'
    ) as open
    from users where organization_id = :organization_id and id = :user_id
""")
_PAGE = text(f"""
    with groups as ({_GROUPS.text}), members as ({_MEMBERS.text}), bell as ({_BELL.text}),
         load as ({_LOAD.text})
    select members.*, groups.*, load.*, bell.count as notifications
    from bell cross join load left join members on true left join groups on true
""")


def counts() -> dict[int, Counts]:
    """Counts by user of the present organization: conversations assigned to them, and unassigned
    ones that they see."""
    organization_id = current_organization_id()
    groups = db.session.execute(_GROUPS, {"organization_id": organization_id}).all()
    members = db.session.execute(_MEMBERS, {"organization_id": organization_id, "user_id": None}).all()
    return {member.id: _count(member, groups) for member in members}


def count_for(user_id: int) -> Counts:
    """One user's counts, in one statement: every page shows them."""
    rows = db.session.execute(
        _ONE_MEMBER, {"organization_id": current_organization_id(), "user_id": user_id}
    ).all()
    return _count(rows[0], rows) if rows else Counts()


def for_page(user_id: int) -> Frame:
    """What the frame of one user's pages shows."""
    rows = db.session.execute(_PAGE, {"organization_id": current_organization_id(), "user_id": user_id}).all()
    groups = [row for row in rows if row.id is not None and row.conversations is not None]
    counts = _count(rows[0], groups) if groups else Counts()
    return Frame(counts, rows[0].notifications, rows[0].open, rows[0].capacity)


def _count(member, groups) -> Counts:
    total = Counts()
    for group in groups:
        mine = group.assignee_id == member.id
        free = group.assignee_id is None and (
            member.role in ("manager", "admin")
            or group.division_id is None
            or group.division_id in member.divisions
        )
        if mine or free:
            total += Counts(group.conversations, int(group.messages))
    return total
