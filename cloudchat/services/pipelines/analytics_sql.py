"""The statements behind the analytics. All read the same `moves`: the pipeline's history with, for each
row, what came next for that card. Definitions: docs/pipeline.md.

A visit is a row that enters a stage until the card's next row. `height` is how far up the ladder an
entry leads: the stage's position among open ones, above all of them for won, nothing for lost.
"""

MOVES = """
    with raw as (
        select h.id, h.conversation_id as card, h.from_stage_id, h.to_stage_id, h.created_at,
               h.duration_seconds, h.actor_type, h.assignee_id, s.kind,
               case s.kind when 'open' then s.position when 'won' then 1000000 end as height,
               lead(h.created_at) over (partition by h.conversation_id order by h.id) as next_at
        from pipeline_stage_history h
        join conversations c on c.organization_id = h.organization_id and c.id = h.conversation_id
        join devices d on d.organization_id = c.organization_id and d.id = c.device_id
        left join pipeline_stages s on s.organization_id = h.organization_id and s.id = h.to_stage_id
        where h.organization_id = %(organization_id)s and h.pipeline_id = %(pipeline_id)s
          and (%(channel)s::text is null or d.type = %(channel)s)
          and (%(label_id)s::int is null or exists (
              select 1 from conversation_labels l
              where l.organization_id = c.organization_id and l.conversation_id = c.id
                and l.label_id = %(label_id)s))
    ), kept as (
        -- a mis-drop that was put right within a minute is left out where that is wished
        select * from raw
        where not %(skip_corrections)s or next_at is null or to_stage_id is null
           or next_at - created_at >= interval '60 seconds'
    ), moves as (
        select k.*,
               row_number() over w as turn,
               lead(k.created_at) over w as left_at,
               lead(k.to_stage_id) over w as next_stage,
               lead(k.kind) over w as next_kind,
               lead(k.height) over w as next_height,
               lead(k.id) over w as next_id,
               lead(k.actor_type) over w as next_actor,
               lead(k.assignee_id) over w as next_assignee,
               max(case when k.kind = 'open' then k.id end) over (
                   partition by k.card order by k.id rows between unbounded preceding and 1 preceding
               ) as open_before
        from kept k window w as (partition by k.card order by k.id)
    ), cohort as (
        select card from moves
        where turn = 1 and created_at >= %(start)s and created_at < %(finish)s
          and (%(agent_id)s::int is null or assignee_id = %(agent_id)s)
          and (not %(manual)s or actor_type <> 'automation')
    )
"""

# Of the cohort: how far each card got, and where those that fell off were last.
REACHED = (
    MOVES
    + """
    , heights as (
        select m.card, max(m.height) as top from moves m join cohort using (card) group by m.card
    ), lasts as (
        select distinct on (m.card) m.card, m.to_stage_id, m.kind, m.open_before
        from moves m join cohort using (card) order by m.card, m.id desc
    ), fallen as (
        select o.to_stage_id as stage_id from lasts l join moves o on o.id = l.open_before
        where l.to_stage_id is null or l.kind = 'lost'
    )
    select 'height' as what, top::bigint as key, count(*) as number from heights group by top
    union all
    select 'fallen', stage_id, count(*) from fallen group by stage_id
    union all
    select 'won', m.to_stage_id, count(distinct m.card) from moves m join cohort using (card)
    where m.kind = 'won' group by m.to_stage_id
    union all
    select 'cohort', 0, count(*) from cohort
"""
)

# Visits that ended in the period, and where they led.
VISITS = (
    MOVES
    + """
    , visits as (
        select to_stage_id as stage_id, extract(epoch from left_at - created_at)::float as seconds,
               case when next_stage is null then 'removed'
                    when next_kind = 'lost' then 'lost'
                    when next_height > height then 'forward'
                    else 'backward' end as led
        from moves
        where to_stage_id is not null and left_at >= %(start)s and left_at < %(finish)s
          and (%(agent_id)s::int is null or next_assignee = %(agent_id)s)
          and (not %(manual)s or next_actor <> 'automation')
    )
    select stage_id, count(*) as number, avg(seconds) as mean,
           percentile_cont(0.5) within group (order by seconds) as median,
           percentile_cont(0.9) within group (order by seconds) as p90,
           count(*) filter (where led = 'forward') as forward,
           count(*) filter (where led = 'backward') as backward,
           count(*) filter (where led = 'lost') as lost,
           count(*) filter (where led = 'removed') as removed
    from visits group by stage_id
"""
)

# Cards closed in the period by their last closing in it, with the time since they first came.
CLOSED = (
    MOVES
    + """
    , closings as (
        select distinct on (m.card) m.card, m.kind, m.created_at, m.assignee_id
        from moves m
        where m.kind in ('won', 'lost') and m.created_at >= %(start)s and m.created_at < %(finish)s
          and (%(agent_id)s::int is null or m.assignee_id = %(agent_id)s)
          and (not %(manual)s or m.actor_type <> 'automation')
        order by m.card, m.id desc
    ), firsts as (
        select card, created_at as came_at from moves where turn = 1
    )
    select c.card, c.kind, (c.created_at at time zone %(timezone)s)::date as day, c.assignee_id,
           extract(epoch from c.created_at - f.came_at)::float as seconds, v.deal_value,
           v.lost_reason
    from closings c join firsts f using (card)
    join conversations v on v.organization_id = %(organization_id)s and v.id = c.card
"""
)

ARRIVALS = (
    MOVES
    + """
    select (created_at at time zone %(timezone)s)::date as day, count(*) as number
    from moves join cohort using (card) where turn = 1 group by 1
"""
)
