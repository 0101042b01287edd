"""All periodic jobs. `rq cron` reads this file; exactly one such process may run."""

from rq import cron

from cloudchat.jobs import broadcasts, data, queueing, sweeps, templates

# A sweep that waited longer than this (no worker ran) is dropped: the next one finds the same.
LIVES = 60

cron.register(sweeps.unprocessed_events, queue_name="default", interval=5, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_outbox, queue_name="default", interval=5, result_ttl=0, ttl=LIVES)
cron.register(broadcasts.due, queue_name="default", interval=5, result_ttl=0, ttl=LIVES)
cron.register(sweeps.times_ahead, queue_name="default", interval=15, result_ttl=0, ttl=LIVES)
cron.register(sweeps.pending_media, queue_name="default", interval=30, result_ttl=0, ttl=LIVES)
cron.register(sweeps.stalled_imports, queue_name="default", interval=30, result_ttl=0, ttl=LIVES)
cron.register(sweeps.connections, queue_name="default", interval=600, result_ttl=0, ttl=LIVES)
cron.register(sweeps.late_ongkir, queue_name="default", interval=10, result_ttl=0, ttl=LIVES)
cron.register(sweeps.late_choices, queue_name="default", interval=5, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_pushes, queue_name="default", interval=5, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_webhooks, queue_name="default", interval=5, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_mails, queue_name="default", interval=15, result_ttl=0, ttl=LIVES)
cron.register(sweeps.snoozed, queue_name="default", interval=15, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_automation, queue_name="default", interval=10, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_ratings, queue_name="default", interval=60, result_ttl=0, ttl=LIVES)
cron.register(sweeps.due_desk_ratings, queue_name="default", interval=15, result_ttl=0, ttl=LIVES)
cron.register(sweeps.old_rows, queue_name="default", interval=3600, result_ttl=0)
cron.register(queueing.waiting, queue_name="default", interval=10, result_ttl=0, ttl=LIVES)
cron.register(queueing.settled_bursts, queue_name="default", interval=2, result_ttl=0, ttl=LIVES)
cron.register(queueing.timed_rules, queue_name="default", interval=20, result_ttl=0, ttl=LIVES)
cron.register(sweeps.bot_hours_past, queue_name="default", cron="5 * * * *", result_ttl=0)
# In UTC: the night of Indonesia
cron.register(sweeps.bot_history, queue_name="default", cron="35 19 * * *", result_ttl=0)
cron.register(data.retention_night, queue_name="default", cron="5 18 * * *", result_ttl=0)
cron.register(data.unfinished, queue_name="default", interval=60, result_ttl=0, ttl=LIVES)
cron.register(templates.due_syncs, queue_name="default", interval=30, result_ttl=0, ttl=LIVES)
