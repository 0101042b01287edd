"""How to make one of each thing in an organization; each function answers the new row's id."""

from datetime import date, timedelta

from sqlalchemy import select

from cloudchat.extensions import db, now
from cloudchat.models import (
    ApiToken,
    AssistantChoice,
    Attachment,
    Broadcast,
    ChatbotInteraction,
    ContactFilter,
    ContactImport,
    ContactLabel,
    ConversationLabel,
    DataExport,
    MessageTemplate,
    MessengerConnect,
    MetaTemplate,
    Note,
    Notification,
    OngkirTalk,
    OutboxEntry,
    PipelineView,
    PushSubscription,
    QueueEntry,
    User,
    UserSession,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from cloudchat.services import bot_hours, files
from cloudchat.services import contact_import as contact_imports
from cloudchat.services.broadcasts import audience, drafts
from cloudchat.services.secrets import encrypt, hashed, random_token
from cloudchat.tenancy import acting_as
from tests import factories


def _saved(organization_id: int, row) -> int:
    with acting_as(organization_id):
        db.session.add(row)
        db.session.commit()
        return row.id


def contact(organization_id: int) -> int:
    return factories.contact(organization_id, f"Kontak {factories.number()}").id


def contact_import(organization_id: int) -> int:
    """An uploaded file that was checked and waits for the word to start."""
    with acting_as(organization_id):
        return contact_imports.upload(None, "a.csv", b"nama,telepon\nBudi,0812-3456-7890\n").id


def contact_filter(organization_id: int) -> int:
    row = ContactFilter(name=f"Saringan {factories.number()}", q="toko")
    return _saved(organization_id, row)


def queued_import(organization_id: int) -> int:
    """An import that waits for its job."""
    made = contact_import(organization_id)
    with acting_as(organization_id):
        db.session.get(ContactImport, made).state = "queued"
        db.session.commit()
    return made


def conversation(organization_id: int) -> int:
    row = factories.conversation(organization_id)
    factories.message(row)
    return row.id


def hidden_conversation(organization_id: int, colleague_id: int) -> int:
    """One that an agent may not see: of a division of others, and assigned to a colleague."""
    division_row = factories.division(organization_id)
    values = {"division_id": division_row.id, "assignee_id": colleague_id}
    return factories.conversation(organization_id, **values).id


def failed_message(organization_id: int) -> int:
    row = factories.conversation(organization_id)
    return factories.message(row, direction="out", status="failed").id


def note(organization_id: int) -> int:
    row = factories.conversation(organization_id)
    return _saved(organization_id, Note(conversation_id=row.id, text="rahasia"))


def attachment(organization_id: int) -> int:
    message_row = factories.message(factories.conversation(organization_id))
    with acting_as(organization_id):
        stored = files.store_bytes(b"rahasia", "rahasia.txt")
    return _saved(organization_id, _attachment(message_row, "ready", stored.key))


def pending_attachment(organization_id: int) -> int:
    message_row = factories.message(factories.conversation(organization_id))
    return _saved(organization_id, _attachment(message_row, "pending", None))


def _attachment(message_row, state: str, key: str | None) -> Attachment:
    return Attachment(
        conversation_id=message_row.conversation_id,
        message_id=message_row.id,
        kind="document",
        state=state,
        file_key=key,
        filename="rahasia.txt",
        mime="text/plain",
        size=7,
        source={"id": "123456"},
    )


def bot(organization_id: int) -> int:
    return factories.bot(organization_id).id


def asked_bot(organization_id: int) -> int:
    """A bot that did not know an answer."""
    made = bot(organization_id)
    values = {"question": "Buka cabang Medan?", "outcome": "fallback"}
    _saved(organization_id, ChatbotInteraction(bot_id=made, **values))
    return made


def pair(organization_id: int) -> int:
    return factories.pair(factories.bot(organization_id)).id


def bot_window(organization_id: int) -> int:
    with acting_as(organization_id):
        window = {"day_of_week": 1, "start_time": "08:00", "end_time": "17:00"}
        return bot_hours.add(bot(organization_id), window).id


def bot_exception(organization_id: int) -> int:
    with acting_as(organization_id):
        return bot_hours.set_exception(bot(organization_id), date(2027, 1, 1), "Tahun baru", []).id


def device(organization_id: int) -> int:
    return factories.device(organization_id).id


def used_device(organization_id: int) -> int:
    return factories.conversation(organization_id).device_id


def device_with_outbox(organization_id: int) -> int:
    """A device with a message that waits to be sent."""
    row = factories.conversation(organization_id)
    message_row = factories.message(row, direction="out", status="queued", external_id=None)
    entry = OutboxEntry(device_id=row.device_id, conversation_id=row.id, message_id=message_row.id)
    _saved(organization_id, entry)
    return row.device_id


def official_device(organization_id: int) -> int:
    """One that says its WABA, so that templates can be made with it."""
    config = {"phone_number_id": "1", "waba_id": str(factories.number())}
    return factories.device(organization_id, config=config).id


def meta_template(organization_id: int) -> int:
    """A refused one, which may be changed and deleted; Meta does not know of it."""
    device_id = official_device(organization_id)
    return _saved(
        organization_id,
        MetaTemplate(
            device_id=device_id,
            waba_id=str(factories.number()),
            name="promo",
            language="id",
            category="UTILITY",
            status="REJECTED",
            components=[{"type": "BODY", "text": "Halo"}],
        ),
    )


def broadcast(organization_id: int) -> int:
    """A draft to two numbers, one of them in a file, by a linked phone."""
    device_id = factories.device(organization_id, "wa_device").id
    template_id = message_template(organization_id)
    with acting_as(organization_id):
        values = {
            "name": "Promo",
            "device_id": device_id,
            "template_id": template_id,
            "audience": {
                "phones": [{"phone": "081234567890"}],
                "file": audience.keep_file(b"telepon\n081234567891\n")["file"],
            },
            "variables": {"nama": {"text": "Kak"}},
        }
        return drafts.create(values, None).id


def _broadcast_with(organization_id: int, **values) -> int:
    made = broadcast(organization_id)
    with acting_as(organization_id):
        for name, value in values.items():
            setattr(db.session.get(Broadcast, made), name, value)
        db.session.commit()
    return made


def unprepared_broadcast(organization_id: int) -> int:
    return _broadcast_with(organization_id, prepared_at=None, position={})


def half_cancelled_broadcast(organization_id: int) -> int:
    return _broadcast_with(organization_id, status="cancelled", finished_at=now())


def message_template(organization_id: int) -> int:
    return _saved(organization_id, MessageTemplate(name=f"Salam {factories.number()}", body="Halo {nama}"))


def label(organization_id: int) -> int:
    return factories.label(organization_id).id


def used_label(organization_id: int) -> int:
    """A label on a conversation and on its contact."""
    row = factories.label(organization_id)
    talk = factories.conversation(organization_id)
    with acting_as(organization_id):
        db.session.add(ConversationLabel(conversation_id=talk.id, label_id=row.id))
        db.session.add(ContactLabel(contact_id=talk.contact_id, label_id=row.id))
        db.session.commit()
    return row.id


def division(organization_id: int) -> int:
    return factories.division(organization_id).id


def membership(organization_id: int) -> int:
    """An agent who serves a division; answers the agent's id."""
    person = factories.person(organization_id)
    factories.division(organization_id, agents=(person,))
    return person.id


def waiting_entry(organization_id: int) -> int:
    """Somebody who waits in the queue of a division."""
    row = factories.conversation(organization_id, division_id=division(organization_id))
    entry = QueueEntry(conversation_id=row.id, division_id=row.division_id)
    return _saved(organization_id, entry)


def waited_in_division(organization_id: int) -> int:
    """A division in whose queue somebody waits."""
    entry_id = waiting_entry(organization_id)
    with acting_as(organization_id):
        return db.session.get(QueueEntry, entry_id).division_id


def used_division(organization_id: int) -> int:
    row = factories.division(organization_id)
    factories.conversation(organization_id, division_id=row.id)
    return row.id


def canned_reply(organization_id: int) -> int:
    return factories.canned_reply(organization_id).id


def pipeline(organization_id: int) -> int:
    return factories.pipeline(organization_id).id


def stage(organization_id: int) -> int:
    """The first stage of a pipeline of its own."""
    return factories.stages_of(factories.pipeline(organization_id))[0].id


def card(organization_id: int) -> int:
    """A conversation that stands on a pipeline."""
    return factories.card(factories.pipeline(organization_id)).id


def pipeline_view(organization_id: int) -> int:
    """A saved view of the organization's first admin."""
    with acting_as(organization_id):
        owner = db.session.scalar(select(User.id).where(User.role == "admin").order_by(User.id).limit(1))
    board = pipeline(organization_id)
    row = PipelineView(pipeline_id=board, user_id=owner, name=f"Tampilan {factories.number()}", query={})
    return _saved(organization_id, row)


def agent(organization_id: int) -> int:
    return factories.person(organization_id).id


def busy_agent(organization_id: int) -> int:
    """An agent who has a conversation."""
    person = factories.person(organization_id)
    factories.conversation(organization_id, assignee_id=person.id)
    return person.id


def session(organization_id: int, user_id: int | None = None) -> int:
    user_id = user_id or agent(organization_id)
    return _saved(organization_id, UserSession(user_id=user_id, token_hash=hashed(random_token())))


def api_token(organization_id: int) -> int:
    row = ApiToken(user_id=agent(organization_id), name="t", prefix="cc", token_hash=hashed(random_token()))
    return _saved(organization_id, row)


def open_event(organization_id: int) -> int:
    """A webhook event that is stored and not handled yet."""
    row = WebhookEvent(
        device_id=device(organization_id),
        provider_id=f"wamid.{factories.number()}",
        kind="message",
        payload={"message": {"id": "x", "from": "628123", "text": {"body": "halo"}, "type": "text"}},
        next_attempt_at=now() + timedelta(minutes=5),
    )
    return _saved(organization_id, row)


def messenger_connect(organization_id: int) -> int:
    """A run of Facebook's login that failed: any admin of the organization may look at it."""
    failure = {"code": 190, "subcode": 463, "message": "expired", "step": "subscribe"}
    row = MessengerConnect(user_id=0, state_hash=hashed(random_token()), failure=failure)
    return _saved(organization_id, row)


def _admin(organization_id: int) -> int:
    """The first admin there, since notifications are one's own."""
    with acting_as(organization_id):
        return db.session.scalars(db.select(User.id).where(User.role == "admin").order_by(User.id)).first()


def notification(organization_id: int) -> int:
    """One of the admin's, unread."""
    row = Notification(
        user_id=_admin(organization_id),
        kind="assigned",
        topic=f"assigned:{factories.number()}",
        conversation_id=conversation(organization_id),
    )
    return _saved(organization_id, row)


def push_subscription(organization_id: int) -> int:
    """A browser of the admin's."""
    endpoint = f"https://push.example/{factories.number()}"
    row = PushSubscription(
        user_id=_admin(organization_id),
        session_id=1,
        endpoint=endpoint,
        endpoint_hash=hashed(endpoint),
        p256dh="x",
        auth="x",
    )
    return _saved(organization_id, row)


def due_ongkir(organization_id: int) -> int:
    """A conversation whose customer waits to hear what shipping costs."""
    talk = conversation(organization_id)
    slots = {"destination": "Kota Medan", "weight_grams": 1000}
    with acting_as(organization_id):
        db.session.add(OngkirTalk(conversation_id=talk, slots=slots, due_at=now()))
        db.session.commit()
    return talk


def webhook(organization_id: int) -> int:
    """An address that has had enough."""
    row = Webhook(
        url="https://hook.example/",
        events=["message.created"],
        secret=encrypt({"secret": "rahasia-sekali"}),
    )
    return _saved(organization_id, row)


def webhook_delivery(organization_id: int) -> int:
    """An event of the organization's latest webhook (or a new one) that has arrived."""
    with acting_as(organization_id):
        latest = db.session.scalar(select(Webhook.id).order_by(Webhook.id.desc()).limit(1))
    row = WebhookDelivery(
        webhook_id=latest or webhook(organization_id),
        event_id=f"evt_{factories.number()}",
        event="message.created",
        data={},
        state="done",
    )
    return _saved(organization_id, row)


def kept_file(organization_id: int) -> str:
    """A file on our disk; answers its key."""
    with acting_as(organization_id):
        return files.keep(b"isi")


def data_export(organization_id: int, state: str = "done") -> int:
    """An export of the organization; a finished one has its file."""
    key = kept_file(organization_id) if state == "done" else None
    row = DataExport(state=state, file_key=key, size=3)
    return _saved(organization_id, row)


def waiting_choice(organization_id: int) -> int:
    """A conversation whose bot is unsure and waits for a language model; nobody is at it any more."""
    talk, made = conversation(organization_id), bot(organization_id)
    with acting_as(organization_id):
        values = {"conversation_id": talk, "bot_id": made, "question": "Bisa COD?"}
        late = now() - timedelta(minutes=1)
        db.session.add(AssistantChoice(**values, candidates={"items": []}, due_at=late, asked_at=late))
        db.session.commit()
    return talk
