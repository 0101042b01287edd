"""Who is to be told of what: from something that happened to people, as each of them wants it.

Whose badge a conversation counts in is told of it (see `unread`). What is found here is a row of the
bell, and an `Alert` for the pages that are open now; pushes follow from the row (`services/push.py`).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudchat.extensions import db, now
from cloudchat.services import happenings, notification_kinds, notification_settings
from cloudchat.services.happenings import Arrival, Happening
from cloudchat.services.notification_kinds import KINDS
from cloudchat.services.statements import run


@dataclass(frozen=True)
class Alert:
    """What the open pages of one user are told; its id is the same for all of them, so one may ring."""

    user_id: int
    payload: dict[str, Any]


@dataclass
class _Line:
    """What a batch adds to one user's bell."""

    member: Any
    happening: Happening
    settings: dict[str, Any]
    count: int = 1
    row_id: int | None = None
    total: int = 1

    @property
    def wanted(self) -> dict[str, bool]:
        return self.settings["events"][self.happening.kind]

    def disturbs(self, moment: datetime) -> bool:
        return notification_settings.may_disturb(
            self.settings, self.happening.kind, moment, self.member.timezone
        )


# Everybody who could be told: role, divisions, choices, and whether pages or browsers of theirs listen.
_MEMBERS = """
    select u.id, u.role, u.name, o.timezone, coalesce(u.locale, o.locale) as locale,
           u.last_seen_at > now() - interval '5 minutes' as is_here,
           s.choices, s.snoozed_until,
           array(select d.division_id from division_agents d where d.organization_id = u.organization_id
                 and d.user_id = u.id and d.is_active) as divisions,
           exists(select from push_subscriptions p where p.organization_id = u.organization_id
                  and p.user_id = u.id) as has_push
    from users u
    join organizations o on o.id = u.organization_id
    left join notification_settings s on s.organization_id = u.organization_id and s.user_id = u.id
    where u.organization_id = %(organization_id)s and u.is_active
"""

# `first_unread`: the message with which a conversation that nobody has began to wait for an answer.
_TALKS = """
    select c.id, c.assignee_id, c.division_id, c.awaiting_division_selection, c.unread_count,
           c.last_message_text, p.name as contact,
           case when c.assignee_id is null then (
               select min(m.id) from messages m where m.organization_id = c.organization_id
               and m.conversation_id = c.id and m.direction = 'in' and m.id > c.last_read_message_id
           ) end as first_unread
    from conversations c
    join contacts p on p.organization_id = c.organization_id and p.id = c.contact_id
    where c.organization_id = %(organization_id)s
      and c.id = any(%(ids)s::int[])
"""

# A line that was only there for a push that went out begins to count anew.
_KEEP = """
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            user_id int, kind text, topic text, conversation_id int, actor_id int, data jsonb,
            count int, listed boolean, push_due boolean)
        order by user_id, topic
    ), kept as (
        insert into notifications as n (organization_id, user_id, kind, topic, conversation_id, actor_id,
                                        data, count, listed, push_due, happened_at)
        select %(organization_id)s, user_id, kind, topic, conversation_id, actor_id,
               data, count, listed, push_due, %(moment)s from given
        on conflict (organization_id, user_id, topic) where read_at is null do update set
            count = excluded.count + case when n.listed or n.push_due then n.count else 0 end,
            conversation_id = excluded.conversation_id, actor_id = excluded.actor_id,
            data = excluded.data, listed = n.listed or excluded.listed,
            push_due = n.push_due or excluded.push_due, happened_at = excluded.happened_at
        returning id, user_id, topic, count
    )
    select id, user_id, topic, count from kept
"""

_UNREAD = """
    select user_id, count(*) as unread from notifications
    where organization_id = %(organization_id)s and read_at is null and listed
      and user_id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
    group by user_id
"""


def record(happened: Iterable[Happening], arrivals: Iterable[Arrival] = ()) -> list[Alert]:
    """Keep what people are to be told and answer what their open pages are told now; commits.

    Runs inside one organization, for a batch: its cost grows with people, not with messages.
    """
    told, came = list(happened), list(arrivals)
    talks = _talks({one.conversation_id for one in (*told, *came) if one.conversation_id})
    batch = happenings.current(told, came, talks)
    members = {row.id: row for row in run(_MEMBERS)} if batch else {}
    lines = _lines(batch, members)
    moment = now()
    _keep(lines, moment)
    unread = unread_counts({line.member.id for line in lines}) if lines else {}
    db.session.commit()
    names = {row.id: row.name for row in members.values()}
    here = [line for line in lines if line.member.is_here]
    return [_alert(line, talks, names, unread, moment) for line in here]


def unread_counts(user_ids: Iterable[int]) -> dict[int, int]:
    """How many unread lines the bells of these users have; who has none is left out."""
    return {row.user_id: row.unread for row in run(_UNREAD, sorted(user_ids))}


def _talks(ids: set[int]) -> dict[int, Any]:
    return {row.id: row for row in run(_TALKS, ids=sorted(ids))} if ids else {}


def _lines(batch: list[Happening], members: dict[int, Any]) -> list[_Line]:
    """One line for each user and topic, with the last thing that happened."""
    settings: dict[int, dict] = {}
    lines: dict[tuple[int, str], _Line] = {}
    for one in batch:
        for member in _concerned(one, members):
            if member.id not in settings:
                settings[member.id] = notification_settings.outward(member.choices, member.snoozed_until)
            if not any(settings[member.id]["events"][one.kind].values()):
                continue
            before = lines.get((member.id, one.topic))
            count = one.count + (before.count if before else 0)
            lines[member.id, one.topic] = _Line(member, one, settings[member.id], count)
    return list(lines.values())


def _concerned(one: Happening, members: dict[int, Any]) -> list[Any]:
    """Whom it is to be told to."""
    if one.user_ids is not None:
        found = [members[user_id] for user_id in one.user_ids if user_id in members]
    elif one.role is not None:
        found = [member for member in members.values() if member.role == one.role]
    else:
        found = [member for member in members.values() if _sees(one, member)]
    return [member for member in found if member.id != one.actor_id]


def _sees(one: Happening, member: Any) -> bool:
    sees_all = member.role in ("manager", "admin")
    return sees_all or one.division_id is None or one.division_id in member.divisions


def _keep(lines: list[_Line], moment: datetime) -> None:
    rows = []
    for line in lines:
        push = line.wanted["push"] and line.member.has_push and line.disturbs(moment)
        if line.wanted["in_app"] or push:
            one = line.happening
            rows.append(
                {
                    "user_id": line.member.id,
                    "kind": one.kind,
                    "topic": one.topic,
                    "conversation_id": one.conversation_id,
                    "actor_id": one.actor_id,
                    "data": one.data,
                    "count": line.count,
                    "listed": line.wanted["in_app"],
                    "push_due": push,
                }
            )
    kept = {(row.user_id, row.topic): row for row in run(_KEEP, rows, moment=moment)} if rows else {}
    for line in lines:
        row = kept.get((line.member.id, line.happening.topic))
        line.row_id, line.total = (row.id, row.count) if row else (None, line.count)


def _alert(
    line: _Line, talks: dict[int, Any], names: dict[int, str], unread: dict[int, int], moment: datetime
) -> Alert:
    one, member, disturbs = line.happening, line.member, line.disturbs(moment)
    talk = talks.get(one.conversation_id)
    values = {"contact": talk.contact if talk else None, "actor": names.get(one.actor_id), **one.data}
    payload = {
        "alertId": secrets.token_hex(8),
        "id": line.row_id,
        "kind": one.kind,
        "conversationId": one.conversation_id,
        "title": notification_kinds.title(one.kind, line.total, values, member.locale),
        "body": notification_kinds.excerpt(
            one.body or (talk.last_message_text if talk else ""), member.locale
        ),
        "url": url_of(one.conversation_id, one.data),
        "unread": unread.get(member.id, 0),
        "sound": line.settings["sound"] if disturbs and line.wanted["sound"] else None,
        "desktop": bool(disturbs and line.wanted["desktop"]),
        "toast": bool(line.wanted["in_app"] and KINDS[one.kind].toast),
    }
    return Alert(member.id, payload)


def url_of(conversation_id: int | None, data: dict[str, Any]) -> str:
    """Where a press leads: an address of ours that came with it, or the conversation."""
    url = str(data.get("url") or "")
    if url.startswith("/app/"):
        return url
    return f"/app/inbox/{conversation_id}" if conversation_id else "/app/inbox"
