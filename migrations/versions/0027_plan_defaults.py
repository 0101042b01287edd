"""The defaults of the plan's tables stand in the database too, for whoever writes to it with SQL.

tests/contracts/test_migrations.py holds them equal to those of the models.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MADE = {"created_at": "now()"}
CHANGED = {**MADE, "updated_at": "now()"}
DEFAULTS = {
    "chatbot_schedules": {"is_active": "true", **CHANGED},
    "chatbots": {
        "is_active": "true",
        "schedule_enabled": "false",
        "timezone": "'Asia/Jakarta'",
        **CHANGED,
    },
    "chatbot_interactions": {"was_escalated": "false", "outcome": "'answer'", **MADE},
    "chatbot_analytics": {
        "total_interactions": "0",
        "successful_interactions": "0",
        "escalated_interactions": "0",
        **CHANGED,
    },
    "divisions": {
        "keyword_triggers": "'{}'",
        "is_active": "true",
        "position": "0",
        "avg_handling_time_minutes": "10",
        "show_wait_time": "false",
        "auto_detect_keywords": "false",
        **CHANGED,
    },
    "division_agents": {"is_active": "true", **MADE},
    "chat_queues": {
        "status": "'waiting'",
        "entered_at": "now()",
        "told_times": "0",
        "passed_agent_ids": "'{}'",
        **CHANGED,
    },
    "queue_settings": {
        "is_enabled": "false",
        "routing_order": "'queue_first'",
        "welcome_message": "'Selamat datang di toko kami, silahkan pilih agen yang anda tuju'",
        "queue_message_template": "'Anda akan di layani oleh tim {division}, Tunggu dalam antrian ke "
        "{queue_number}. Tekan # untuk cek antrian'",
        "check_queue_keyword": "'#'",
        "check_queue_with_text": "false",
        "queue_position_message": "'Anda masih dalam antrian ke {queue_number}. mohon menunggu'",
        "no_agent_available_message": "'Maaf, saat ini tidak ada agen yang tersedia. "
        "Anda akan dilayani secepatnya.'",
        "assigned_message": "'Anda terhubung dengan {agent} dari tim {division}.'",
        "invalid_choice_message": "'Maaf, pilihan Anda belum kami kenali. "
        "Silakan balas dengan nomor pilihan.'",
        "human_message": "'Baik, agen kami akan membantu Anda. Mohon menunggu.'",
        "menu_button": "'Pilih divisi'",
        "suggestion_message": "'Sepertinya Anda memerlukan tim {division}. "
        "Balas ya untuk terhubung, atau pilih tim lain.'",
        "offer_last_division": "false",
        "last_division_message": "'Terakhir Anda dilayani tim {division}. "
        "Balas ya untuk tim yang sama, atau pilih tim lain.'",
        "moved_up_enabled": "false",
        "moved_up_message": "'Antrian Anda maju, sekarang dalam antrian ke {queue_number}.'",
        "leave_keyword": "'keluar'",
        "leave_message": "'Anda telah keluar dari antrian tim {division}. "
        "Kirim pesan kapan saja untuk memilih lagi.'",
        "division_closed_message": "'Maaf, tim {division} sedang tidak melayani.'",
        "silent_agent_minutes": "0",
        **CHANGED,
    },
    "ongkir_settings": {
        "rajaongkir_account_type": "'starter'",
        "is_active": "false",
        "api_status": "'unverified'",
        **CHANGED,
    },
    "ongkir_logs": MADE,
    "pipelines": {
        "currency": "'IDR'",
        "is_default": "false",
        "is_active": "true",
        "hide_resolved": "false",
        "position": "0",
        **CHANGED,
    },
    "pipeline_stages": {
        "kind": "'open'",
        "is_closed_stage": "false",
        "wip_hard": "false",
        "automation_actions": "'[]'",
        **CHANGED,
    },
    "pipeline_stage_history": {"actor_type": "'agent'", "depth": "0", **MADE},
    "conversations": {"awaiting_division_selection": "false"},
}


def _set(defaults):
    for table, columns in defaults.items():
        for column, default in columns.items():
            op.alter_column(table, column, server_default=default)


def upgrade():
    _set({table: {name: sa.text(sql) for name, sql in of.items()} for table, of in DEFAULTS.items()})


def downgrade():
    _set({table: dict.fromkeys(of) for table, of in DEFAULTS.items()})
