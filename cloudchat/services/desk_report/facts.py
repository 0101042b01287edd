"""Single facts as rows of (at, id, conversation_id, agent_id, division_id, value), each a statement's part.

A figure counts such rows and a list shows them, so that both always agree. Definitions: docs/reports.md.
Placeholders: %(organization_id)s; %(since)s up to, not including, %(until)s; %(only)s: of one agent alone, so
that messages of others are not even read (the other facts are few).
"""

# An answer by a person of the desk; those from the connected phone have no agent.
MESSAGES = """
    select m.created_at as at, m.id, m.conversation_id, m.sender_id as agent_id, c.division_id,
           null::float as value
    from messages m
    join conversations c on c.organization_id = m.organization_id and c.id = m.conversation_id
    where m.organization_id = %(organization_id)s and m.sender_type = 'agent'
      and m.created_at >= %(since)s and m.created_at < %(until)s
      and (%(only)s::int is null or m.sender_id = %(only)s::int)
"""

# The first of them in a conversation, and the seconds that the customer had waited for a person: since a
# bot called one; else since what was written after a bot's last words; else since the first message.
FIRST_RESPONSES = """
    select a.created_at as at, a.id, a.conversation_id, a.sender_id as agent_id, c.division_id,
           greatest(extract(epoch from a.created_at - begun.at), 0)::float as value
    from (
        select distinct on (m.conversation_id) m.conversation_id, m.id, m.created_at, m.sender_id
        from messages m
        where m.organization_id = %(organization_id)s and m.sender_type = 'agent'
          and m.created_at >= %(since)s and m.created_at < %(until)s
          and (%(only)s::int is null or m.sender_id = %(only)s::int)
        order by m.conversation_id, m.id
    ) a
    join conversations c on c.organization_id = %(organization_id)s and c.id = a.conversation_id
    cross join lateral (
        select min(m.created_at) filter (where m.direction = 'in') as first_at,
               max(m.created_at) filter (where m.direction = 'in') as last_at,
               max(m.id) filter (where m.sender_type = 'bot') as bot_id,
               coalesce(bool_or(m.sender_type = 'agent'), false) as answered
        from messages m
        where m.organization_id = %(organization_id)s and m.conversation_id = a.conversation_id
          and m.id < a.id
    ) before
    left join lateral (
        select min(e.created_at) as at
        from conversation_events e
        where before.bot_id is not null and e.organization_id = %(organization_id)s
          and e.conversation_id = a.conversation_id and e.kind = 'needs_human'
          and e.created_at <= a.created_at
    ) called on true
    left join lateral (
        select min(m.created_at) as at
        from messages m
        where before.bot_id is not null and m.organization_id = %(organization_id)s
          and m.conversation_id = a.conversation_id and m.id > before.bot_id and m.id < a.id
          and m.direction = 'in'
    ) since_bot on true
    cross join lateral (
        select case when before.bot_id is null then before.first_at
                    else coalesce(called.at, since_bot.at, before.last_at) end as at
    ) begun
    where not before.answered and begun.at is not null
"""

# A conversation that is resolved since then, and the seconds since it began.
RESOLVED = """
    select c.resolved_at as at, c.id, c.id as conversation_id, c.assignee_id as agent_id, c.division_id,
           greatest(extract(epoch from c.resolved_at - c.created_at), 0)::float as value
    from conversations c
    where c.organization_id = %(organization_id)s and c.status = 'resolved'
      and c.resolved_at >= %(since)s and c.resolved_at < %(until)s
"""

# A conversation that was handed on: the agent and the division that had it before.
HANDED_ON = """
    select e.created_at as at, e.id, e.conversation_id, (e.data ->> 'from_agent_id')::int as agent_id,
           (e.data ->> 'from_division_id')::int as division_id, null::float as value
    from conversation_events e
    where e.organization_id = %(organization_id)s and e.kind in ('transferred', 'assigned')
      and (e.kind = 'transferred' or e.data ->> 'from_agent_id' is not null)
      and e.created_at >= %(since)s and e.created_at < %(until)s
"""

# What customers gave: to the bot in a conversation that is resolved since then; and to the agent and division
# that they were asked about, on the day of the answer. Ids of the latter are negative: one of a kind here.
RATINGS = """
    select c.resolved_at as at, i.id, c.id as conversation_id, c.assignee_id as agent_id, c.division_id,
           i.user_rating::float as value
    from conversations c
    join chatbot_interactions i on i.organization_id = c.organization_id and i.conversation_id = c.id
    where c.organization_id = %(organization_id)s and c.status = 'resolved' and i.user_rating is not null
      and c.resolved_at >= %(since)s and c.resolved_at < %(until)s
    union all
    select r.rated_at, -r.id, r.conversation_id, r.agent_id, r.division_id, r.rating::float
    from conversation_ratings r
    where r.organization_id = %(organization_id)s
      and r.rated_at >= %(since)s and r.rated_at < %(until)s
"""

# Somebody entered a division's queue; the seconds until an agent had them.
WAITS = """
    select q.created_at as at, q.id, q.conversation_id, q.assigned_agent_id as agent_id, q.division_id,
           q.wait_seconds::float as value, q.status = 'assigned' as served, q.end_reason = 'left' as gone,
           q.status = 'assigned' and q.estimated_minutes is not null as told,
           q.status = 'assigned' and q.wait_seconds <= q.estimated_minutes * 60 as within
    from chat_queues q
    where q.organization_id = %(organization_id)s
      and q.created_at >= %(since)s and q.created_at < %(until)s
"""

# figure → its facts, and which of them count
SOURCES: dict[str, tuple[str, str]] = {
    "messages": (MESSAGES, "true"),
    "conversations_handled": (MESSAGES, "true"),
    "first_responses": (FIRST_RESPONSES, "true"),
    "first_response_avg_seconds": (FIRST_RESPONSES, "true"),
    "first_response_median_seconds": (FIRST_RESPONSES, "true"),
    "first_response_p90_seconds": (FIRST_RESPONSES, "true"),
    "resolved": (RESOLVED, "true"),
    "resolution_avg_seconds": (RESOLVED, "true"),
    "resolution_median_seconds": (RESOLVED, "true"),
    "handed_on": (HANDED_ON, "true"),
    "ratings_count": (RATINGS, "true"),
    "avg_rating": (RATINGS, "true"),
    "entered": (WAITS, "true"),
    "served": (WAITS, "served"),
    "left_queue": (WAITS, "gone"),
    "wait_avg_seconds": (WAITS, "served"),
    "wait_p90_seconds": (WAITS, "served"),
    "wait_longest_seconds": (WAITS, "served"),
    "estimates_told": (WAITS, "told"),
    "within_estimate": (WAITS, "told and within"),
}
BY_CONVERSATION = {"conversations_handled"}
