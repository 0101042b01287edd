"""The demo organization of `make run`: made once, found again afterwards."""

from sqlalchemy import select

from cloudchat import config
from cloudchat.demo import bot
from cloudchat.extensions import db
from cloudchat.models import CannedReply, Contact, Device, Division, Label, User
from cloudchat.services import accounts, connecting, divisions, labels, organizations
from cloudchat.services.pipelines import catalog
from cloudchat.tenancy import acting_as, all_organizations

PASSWORD = "demo-cloudchat"
LOGINS = (
    ("agent", "agen@demo.test", "Sari Wulandari"),
    ("agent", "agen2@demo.test", "Budi Hartono"),
    ("manager", "manajer@demo.test", "Dewi Lestari"),
    ("admin", "admin@demo.test", "Rina Anggraini"),
)
LABELS = (
    ("Prospek", "#0d9488"),
    ("Keluhan", "#dc2626"),
    ("VIP", "#7c3aed"),
    ("Tagihan", "#d97706"),
)
REPLIES = (
    ("halo", "Halo Kak, ada yang bisa kami bantu?"),
    ("rekening", "Pembayaran dapat dikirim ke BCA 123-456-7890 a.n. Toko Demo."),
    ("ongkir", "Boleh dibantu kota tujuan dan berat paketnya, Kak?"),
    ("terimakasih", "Terima kasih sudah menghubungi Toko Demo. Selamat beraktivitas!"),
)
# They serve once an admin switches the queue on; until then messages go straight to the inbox.
DIVISIONS = (
    ("Billing", "Untuk pertanyaan pembayaran dan invoice", "billing, tagihan, bayar"),
    ("Support", "Bantuan teknis dan troubleshooting", "support, rusak, error"),
    ("Umum", "Pertanyaan umum lainnya", "umum, tanya"),
)
# The accounts that the simulators offer at their start.
DEVICES = (
    ("webchat", "Web Toko Demo", {"welcome": "Halo! Ada yang bisa kami bantu?"}),
    (
        "wa_official",
        "WA Toko Demo",
        {
            "phone_number_id": "106540352242922",
            "waba_id": "102290129340398",
            "access_token": "simulator-access-token",
        },
    ),
    ("wa_device", "Ponsel Toko Demo", {"session": "toko-demo", "api_key": "simulator-gateway-key"}),
    (
        "telegram",
        "Telegram Toko Demo",
        {"bot_token": "7000000001:simulator-telegram-bot-token-0001"},
    ),
    (
        "messenger",
        "Messenger Toko Demo",
        {"page_id": "112233445566778", "page_access_token": "EAAsimulatorpagetoken0001"},
    ),
)


def seed() -> dict:
    """Make what is missing; answers the logins and addresses to print."""
    organization_id = organization() or organizations.create("Toko Demo")
    with acting_as(organization_id):
        _users()
        _lists()
        _divisions()
        webchat_key = _devices()
        bot.seed()
    public_url = config.active().public_url
    return {
        "logins": [{"role": role, "email": email, "password": PASSWORD} for role, email, _ in LOGINS],
        "webchat_url": f"{public_url}/chat/{webchat_key}",
        "widget_demo_url": f"{public_url}/chat/{webchat_key}/demo",
    }


def organization() -> int | None:
    """The demo organization, if it was made."""
    with all_organizations("the demo organization is looked up by its admin"):
        return db.session.scalar(select(User.organization_id).where(User.email == LOGINS[-1][1]))


def _users() -> None:
    known = set(db.session.scalars(select(User.email)))
    for role, email, name in LOGINS:
        if email not in known:
            operator = role == "admin"
            accounts.create_user(email, name, role, PASSWORD, is_operator=operator)
    db.session.commit()


def _lists() -> None:
    if not db.session.scalar(select(Label.id).limit(1)):
        for name, color in LABELS:
            labels.save_label(Label(), name, color)
    if not db.session.scalar(select(CannedReply.id).limit(1)):
        for shortcut, text in REPLIES:
            labels.save_canned_reply(CannedReply(), shortcut, text, None)
    if catalog.default() is None:
        catalog.create({"ladder": "sales"}, None)
    if not db.session.scalar(select(Contact.id).limit(1)):
        db.session.add(Contact(name="Andi Pratama", phone="+6281200000099"))
        db.session.commit()


def _divisions() -> None:
    if db.session.scalar(select(Division.id).limit(1)):
        return
    agents = list(db.session.scalars(select(User.id).where(User.role == "agent")))
    for name, description, keywords in DIVISIONS:
        values = {"description": description, "keyword_triggers": keywords, "members": agents}
        divisions.save(Division(), {"name": name, **values})


def _devices() -> str:
    """One device of each kind; answers the web chat's key. The simulators forget with each start what
    they were told, so the devices are connected with them anew."""
    webchat_key = ""
    for kind, name, settings in DEVICES:
        found = db.session.scalar(
            select(Device).where(Device.type == kind, Device.deleted_at.is_(None)).limit(1)
        )
        if found is None:
            found = connecting.create(kind, name, settings)
        elif kind in connecting.REGISTERED:
            connecting.register(found.id)
        if kind == "webchat":
            webchat_key = found.public_key
    return webchat_key
