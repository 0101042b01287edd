"""Fetching from Meta, and its news: what is here is what is there."""

import json
import time
from datetime import timedelta

import httpx

from cloudchat.channels import get as channel_for
from cloudchat.extensions import db, now
from cloudchat.models import Device, MetaTemplate, MetaTemplateSync
from cloudchat.services import intake
from cloudchat.services.meta_templates import requests, syncing
from cloudchat.tenancy import acting_as, all_organizations
from tests import factories


def test_all_pages_are_fetched_and_what_vanished_is_marked(waba):
    waba.control("PATCH", "templates/settings", {"page_size": 3})
    waba.add("satu", count=7)
    kept = waba.add("promo", language="en_US", status="PAUSED", quality="RED", category="MARKETING")
    done = waba.sync()
    assert (done.state, done.done, done.total, done.added, done.error) == ("done", 8, 8, 8, None)
    row = waba.rows()["promo"]
    assert (row.status, row.quality, row.language, row.meta_id) == ("PAUSED", "RED", "en_US", kept["id"])
    assert row.last_synced_at and row.device_id == waba.device.id
    waba.control("DELETE", f"templates/{kept['id']}")
    again = waba.sync()
    assert (again.added, again.changed, again.vanished) == (0, 0, 1)
    assert waba.rows()["promo"].status == "DELETED"


def test_a_refusal_is_kept_for_the_page_and_rows_stay(waba):
    waba.add("satu")
    waba.sync()
    waba.fault("error", edge="message_templates", code=80007)
    failed = waba.sync()
    assert (failed.state, failed.error["code"]) == ("failed", "80007")
    assert failed.succeeded_at and waba.rows()["satu"].status == "APPROVED"
    waba.fault("error", edge="message_templates", code=190)
    waba.sync()
    with acting_as(waba.organization_id):
        assert db.session.get(Device, waba.device.id, populate_existing=True).status == "needs_reauth"


def test_two_workers_fetch_once_and_a_dead_one_is_replaced(waba):
    waba.add("satu")
    with acting_as(waba.organization_id):
        requests.ask(waba.id)
        db.session.commit()
        assert syncing._begin(waba.id) is not None
        assert syncing._begin(waba.id) is None
        row = syncing.state_of(waba.id)
        row.updated_at = now() - timedelta(minutes=5)
        db.session.commit()
    with all_organizations("test"):
        assert (waba.organization_id, waba.id) in requests.unfinished()
    with acting_as(waba.organization_id):
        syncing.run(waba.id)
    assert "satu" in waba.rows()


def test_the_clock_asks_each_hour_and_sooner_while_one_is_reviewed(waba):
    def due() -> bool:
        with all_organizations("test"):
            return waba.organization_id in requests.organizations_due()

    def age(minutes: int) -> None:
        with acting_as(waba.organization_id):
            row = db.session.scalar(db.select(MetaTemplateSync))
            row.finished_at = row.updated_at = now() - timedelta(minutes=minutes)
            db.session.commit()

    assert due()
    waba.add("satu")
    waba.sync()
    assert not due()
    age(61)
    assert due()
    waba.add("tunggu", status="PENDING")
    waba.sync()
    age(3)
    assert due()


# --- news --------------------------------------------------------------------------------------


def tell(waba, name: str, field: str = "message_template_status_update", at: int | None = None, **value):
    about = {"message_template_name": name, "message_template_language": "id", **value}
    entry = {"id": waba.id, "time": at or int(time.time()), "changes": [{"field": field, "value": about}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    return intake.receive("wa_official", channel_for("wa_official").split(body))


def test_news_changes_the_row_and_old_news_does_not(waba, make_waba, cast):
    waba.add("promo", status="PENDING")
    waba.sync()
    moment = int(time.time()) + 5
    refusal = {"reason": "Teks tidak jelas.", "recommendation": "Perjelas."}
    tell(waba, "promo", event="REJECTED", reason="INVALID_FORMAT", rejection_info=refusal, at=moment)
    row = waba.rows()["promo"]
    assert (row.status, row.rejected_reason) == ("REJECTED", "INVALID_FORMAT")
    assert row.rejection_details == "Teks tidak jelas. Perjelas."
    tell(waba, "promo", event="APPROVED", reason="NONE", at=moment - 3)
    assert waba.rows()["promo"].status == "REJECTED"
    tell(waba, "promo", event="APPROVED", reason="NONE", at=moment + 3)
    tell(waba, "promo", new_quality_score="YELLOW", previous_quality_score="GREEN", at=moment + 4)
    tell(waba, "promo", "template_category_update", new_category="MARKETING", at=moment + 5)
    row = waba.rows()["promo"]
    assert (row.status, row.quality, row.category) == ("APPROVED", "YELLOW", "MARKETING")
    assert row.rejected_reason is None


def test_news_reaches_every_organization_of_the_waba_and_nobody_else(waba, cast):
    """Two organizations may have numbers of one WABA; each sees its own row change."""
    neighbour = factories.device(cast.neighbour_id, config={"phone_number_id": "1", "waba_id": waba.id})
    for organization_id in (waba.organization_id, cast.neighbour_id):
        with acting_as(organization_id):
            row = MetaTemplate(
                waba_id=waba.id, name="promo", language="id", category="UTILITY", status="PENDING"
            )
            db.session.add(row)
            db.session.commit()
    assert tell(waba, "promo", event="APPROVED", at=int(time.time()) + 5) == 2
    assert waba.rows()["promo"].status == "APPROVED"
    with acting_as(neighbour.organization_id):
        assert db.session.scalar(db.select(MetaTemplate.status)) == "APPROVED"


def test_news_of_an_unknown_one_has_the_list_fetched(waba):
    tell(waba, "baru_di_meta", event="APPROVED")
    with acting_as(waba.organization_id):
        assert syncing.state_of(waba.id).state == "queued"


def test_the_simulators_reviewer_decides_and_tells(waba, make_waba, cast):
    """What its webhooks say is what we understand."""
    made = waba.add("promo", status="PENDING")
    waba.sync()
    waba.control("PATCH", "templates/settings", {"webhooks": True})
    waba.control("PATCH", f"templates/{made['id']}", {"status": "REJECTED", "reason": "INVALID_FORMAT"})
    log = httpx.get(f"{waba.url}/_control/meta/webhooks", params={"limit": 20}).json()["items"]
    entry = next(item for item in log if item["lane"] == waba.id)
    found = None
    for _ in range(100):
        found = httpx.get(f"{waba.url}/_control/meta/webhooks/{entry['id']}").json()
        if found.get("body"):
            break
        time.sleep(0.02)
    intake.receive("wa_official", channel_for("wa_official").split(found["body"].encode()))
    assert waba.rows()["promo"].status == "REJECTED"
