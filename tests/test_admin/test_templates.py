"""The screens of templates: Meta's to look over, fetch and delete; our own to write."""

from cloudchat.extensions import db
from cloudchat.models import MessageTemplate, MetaTemplate, MetaTemplateSync
from cloudchat.services.meta_templates import syncing
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_templates.conftest import make_waba, parts, waba  # noqa: F401

SCREEN = "/admin/meta-templates"


def test_metas_templates_are_looked_over_fetched_and_deleted(cast, browser, waba):  # noqa: F811
    admin = factories.person(cast.organization_id, "admin", password=factories.PASSWORD)
    mine = browser(admin)
    waba.add("pesanan_dikirim", components=parts(), quality="YELLOW")
    waba.add("promo", status="REJECTED", category="MARKETING")
    assert mine.post(f"{SCREEN}/sync/").status_code == 302
    with acting_as(cast.organization_id):
        assert db.session.scalar(db.select(MetaTemplateSync.state)) == "queued"
        syncing.run(waba.id)
    rows = waba.rows()
    approved, refused = rows["pesanan_dikirim"].id, rows["promo"].id

    page = mine.get(f"{SCREEN}/?flt_status=REJECTED").text
    assert "promo" in page and "pesanan_dikirim" not in page
    shown = mine.get(f"{SCREEN}/details/?id={approved}").text
    assert waba.id in shown and waba.device.name in shown and "sudah kami kirim" in shown
    assert mine.get(f"{SCREEN}/edit/?id={approved}").status_code == 404  # texts are written in the builder

    mine.post(f"{SCREEN}/action/", {"action": "delete", "rowid": [approved, refused]})
    assert [item["name"] for item in waba.there()] == ["pesanan_dikirim"]  # in use, perhaps: one by one
    waba.fault("error", edge="message_templates", code=4)
    busy = mine.post(f"{SCREEN}/delete/", {"id": approved})
    assert busy.status_code == 302 and list(waba.rows()) == ["pesanan_dikirim"]
    mine.post(f"{SCREEN}/delete/", {"id": approved})
    assert waba.there() == [] and waba.rows() == {}
    with acting_as(cast.organization_id):
        assert db.session.get(MetaTemplate, approved).deleted_at is not None


def test_our_own_templates_are_made_changed_and_deleted(home, browser):
    mine, screen = browser(home), "/admin/message-templates"
    wrong = mine.post(f"{screen}/new/", {"name": "", "body": "x" * 5000, "device_type": "wa_official"})
    assert wrong.status_code == 422 and wrong.text.count('aria-invalid="true"') == 3
    mine.post(f"{screen}/new/", {"name": "Sapaan", "body": "Halo {name}", "device_type": "telegram"})
    with acting_as(home.organization_id):
        row = db.session.scalar(db.select(MessageTemplate))
        assert (row.name, row.body, row.device_type, row.created_by) == (
            "Sapaan",
            "Halo {name}",
            "telegram",
            home.id,
        )
    taken = mine.post(f"{screen}/new/", {"name": "sapaan", "body": "Hai", "device_type": ""})
    assert taken.status_code == 422 and 'id="name-error"' in taken.text
    mine.post(f"{screen}/edit/?id={row.id}", {"name": "Salam", "body": "Hai {name}", "device_type": ""})
    with acting_as(home.organization_id):
        row = db.session.get(MessageTemplate, row.id, populate_existing=True)
        assert (row.name, row.device_type) == ("Salam", None)
    mine.post(f"{screen}/delete/", {"id": row.id})
    with acting_as(home.organization_id):
        assert db.session.get(MessageTemplate, row.id, populate_existing=True) is None
