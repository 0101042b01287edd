"""The board in real browsers: drag by mouse, finger and keyboard; two people at once; axe."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from cloudchat.extensions import db
from cloudchat.models import Conversation, Device, Pipeline, PipelineStage
from cloudchat.tenancy import acting_as


@dataclass
class Board:
    """A board with three cards in the first stage, and its stages by name."""

    device: Device
    pipeline: Pipeline
    stages: dict[str, PipelineStage]
    cards: list[Conversation]

    @property
    def path(self) -> str:
        return f"/app/pipelines/{self.pipeline.id}/board"


@pytest.fixture
def sales(cast, make):
    device = make.device(cast.organization_id, "webchat", config={})
    pipeline = make.pipeline(cast.organization_id, "Penjualan")
    stages = {stage.name: stage for stage in make.stages_of(pipeline)}
    cards = [make.card(pipeline, name=f"Pelanggan {n}", device_row=device) for n in range(3)]
    return Board(device, pipeline, stages, cards)


def stage_of(card) -> int:
    with acting_as(card.organization_id):
        return db.session.get(Conversation, card.id, populate_existing=True).pipeline_stage_id


def card_on(page, card):
    return page.locator(f"[data-card='{card.id}']")


def column(page, stage):
    return page.locator(f"[data-column='{stage.id}']")


def grab(page, card):
    """Press the mouse on a card and begin to drag it."""
    box = card_on(page, card).bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 50, steps=3)


def drop_on(page, stage):
    box = column(page, stage).locator(".kcol-body").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=6)
    page.wait_for_timeout(50)  # a frame or two, in which the place is found
    page.mouse.up()


def test_two_people_and_the_same_card(sign_in, sales, cast, eventually):
    """Both hold it; one drops first: the other's drag ends and says whose it is now, everybody agrees."""
    first, second = sales.cards[:2]
    qualified, offer = sales.stages["Terkualifikasi"], sales.stages["Penawaran"]
    mine, theirs = sign_in(cast.admin, sales.path), sign_in(cast.manager, sales.path)
    for page in (mine, theirs):
        expect(card_on(page, first)).to_be_visible()
        page.wait_for_function("document.documentElement.dataset.connection !== 'lost'")
    grab(theirs, first)
    grab(mine, first)
    drop_on(mine, qualified)
    expect(column(mine, qualified).locator(f"[data-card='{first.id}']")).to_be_visible()
    expect(theirs.locator(".kghost")).to_have_count(0)
    expect(column(theirs, qualified).locator(f"[data-card='{first.id}']")).to_be_visible()
    expect(theirs.locator("[data-announce]")).to_contain_text(cast.admin.name)
    theirs.mouse.up()
    assert stage_of(first) == qualified.id

    # whose page has missed the news is refused, told by name, and shows the truth
    theirs.evaluate("window.stop()")
    theirs.route("**/cards?**", lambda route: route.abort())
    grab(mine, second)
    drop_on(mine, qualified)
    eventually(lambda: stage_of(second) == qualified.id)
    grab(theirs, second)
    drop_on(theirs, offer)
    expect(theirs.locator("#toast")).to_contain_text(cast.admin.name)
    expect(column(theirs, qualified).locator(f"[data-card='{second.id}']")).to_be_visible()
    assert stage_of(second) == qualified.id
    assert mine.problems == theirs.problems == []


def test_drag_undo_and_the_count(sign_in, sales, cast, eventually):
    page = sign_in(cast.agent, sales.path)
    lead, qualified = sales.stages["Lead Baru"], sales.stages["Terkualifikasi"]
    grab(page, sales.cards[0])
    expect(page.locator(".kghost")).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.up()
    assert stage_of(sales.cards[0]) == lead.id
    grab(page, sales.cards[0])
    drop_on(page, qualified)
    expect(column(page, qualified).locator(".kcol-count")).to_have_text("(1)")
    expect(column(page, lead).locator(".kcol-count")).to_have_text("(2)")
    eventually(lambda: stage_of(sales.cards[0]) == qualified.id)
    page.locator("#toast .btn").first.click()
    expect(column(page, lead).locator(".kcol-count")).to_have_text("(3)")
    eventually(lambda: stage_of(sales.cards[0]) == lead.id)
    expect(column(page, lead).locator(".kcard-name")).to_have_text([f"Pelanggan {n}" for n in range(3)])


def test_by_keyboard_alone(sign_in, sales, cast, eventually):
    page = sign_in(cast.agent, sales.path)
    card = sales.cards[1]
    card_on(page, sales.cards[0]).focus()
    page.keyboard.press("ArrowDown")
    expect(card_on(page, card)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("[data-announce]")).to_contain_text("Pelanggan 1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-announce]")).to_contain_text("Terkualifikasi")
    page.keyboard.press("Space")
    eventually(lambda: stage_of(card) == sales.stages["Terkualifikasi"].id)
    expect(card_on(page, card)).to_be_focused()
    page.keyboard.press("m")
    page.keyboard.press("Escape")
    expect(card_on(page, card)).to_be_focused()
    page.keyboard.press("m")
    page.locator("#card-menu .dropdown-item").filter(has_text="Penawaran").click()
    eventually(lambda: stage_of(card) == sales.stages["Penawaran"].id)
    page.keyboard.press("Enter")
    expect(page.locator(".side-card h2")).to_have_text("Pelanggan 1")
    page.locator("#side-text").fill("Baik Kak")
    page.keyboard.press("Enter")
    expect(page.locator(".side-thread")).to_contain_text("Baik Kak")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()


def test_lost_asks_why_and_several_move_together(sign_in, sales, cast, eventually):
    page = sign_in(cast.agent, sales.path)
    for card in sales.cards[:0:-1]:
        card_on(page, card).hover()
        card_on(page, card).locator(".kcard-check").check()
    page.locator("[data-bulk-move]").click()
    page.locator("#card-menu .dropdown-item").filter(has_text="Kalah").click()
    page.locator("#f-lost_reason").fill("Terlalu mahal")
    page.locator("[data-lost-form] .btn-primary").click()
    for card in sales.cards[1:]:
        eventually(lambda card=card: stage_of(card) == sales.stages["Kalah"].id)
    with acting_as(cast.organization_id):
        row = db.session.get(Conversation, sales.cards[1].id, populate_existing=True)
        assert (row.lost_reason, row.status) == ("Terlalu mahal", "resolved")
    # Taken back, they stand where they stood
    page.locator("#toast .btn").first.click()
    lead = sales.stages["Lead Baru"]
    expect(column(page, lead).locator(".kcard-name")).to_have_text([f"Pelanggan {n}" for n in range(3)])
    page.reload()
    expect(column(page, lead).locator(".kcard-name")).to_have_text([f"Pelanggan {n}" for n in range(3)])


def test_filter_in_the_address_and_a_failing_move(sign_in, sales, cast):
    page = sign_in(cast.agent, sales.path)
    page.locator("#board-q").fill("Pelanggan 2")
    expect(page.locator(".kcard")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=Pelanggan\+2$"))
    expect(column(page, sales.stages["Lead Baru"]).locator(".kcol-count")).to_have_text("(1 dari 3)")
    page.reload()
    expect(page.locator(".kcard")).to_have_count(1)
    page.route("**/pipeline/move", lambda route: route.abort())
    grab(page, sales.cards[2])
    drop_on(page, sales.stages["Terkualifikasi"])
    expect(page.locator("#toast")).to_contain_text("Gagal memindahkan Pelanggan 2; kartu dikembalikan.")
    expect(column(page, sales.stages["Lead Baru"]).locator(".kcard")).to_have_count(1)
    assert stage_of(sales.cards[2]) == sales.stages["Lead Baru"].id


def test_from_the_inbox_and_back(sign_in, sales, cast, make, eventually):
    row = make.conversation(cast.organization_id, sales.device, name="Sari")
    make.message(row, "Halo")
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    page.locator(".thread-stage").click()
    page.locator("#pipeline-menu [data-pipeline-choice]").filter(has_text="Penawaran").click()
    eventually(lambda: stage_of(row) == sales.stages["Penawaran"].id)
    expect(page.locator(".thread-stage")).to_contain_text("Penawaran")
    expect(page.locator(f"#conv-{row.id}")).to_contain_text("Penawaran")


def test_a_stage_is_edited_and_moved_by_keyboard(sign_in, sales, cast, make):
    page = sign_in(cast.admin, f"/app/pipelines/{sales.pipeline.id}/edit")
    about = page.locator("[data-about]")
    about.locator("[name=icon]").select_option("rocket")
    about.locator("[name=color]").fill("#dc2626")
    about.locator("button[type=submit]").click()
    expect(page.locator("#toast")).to_be_visible()
    page.reload()
    expect(about.locator("[name=icon]")).to_have_value("rocket")
    expect(about.locator("[name=color]")).to_have_value("#dc2626")
    item = page.locator(f"[data-stage='{sales.stages['Penawaran'].id}']")
    item.locator(".stage-head button").nth(0).click()
    expect(page.locator("[data-stages] > li strong").nth(1)).to_have_text("Penawaran")
    item.locator("summary").first.click()
    item.get_by_text("Tambah aturan").click()
    item.locator("[name=do]").select_option("webhook")
    item.locator("[name='with.url']").fill("http://127.0.0.1/")
    item.locator("button[type=submit]").click()
    expect(item.locator(".invalid-feedback")).to_be_visible()
    item.locator("[name=do]").select_option("note")
    item.locator("[name='with.text']").fill("Cek harga")
    item.locator("button[type=submit]").click()
    expect(item.locator(".stage-head .badge")).to_contain_text("1")
    assert [rule["do"] for rule in make.stages_of(sales.pipeline)[1].automation_actions] == ["note"]


def test_the_editor_tells_who_was_quicker(sign_in, sales, cast, as_person):
    page = sign_in(cast.admin, f"/app/pipelines/{sales.pipeline.id}/edit")
    about, url = page.locator("[data-about]"), f"/api/app/pipelines/{sales.pipeline.id}"
    expect(page.locator("[data-stages] > li").first).to_be_visible()
    as_person(cast.admin).put(url, json={"name": "Grosir"})
    about.locator("[name=name]").fill("Eceran")
    about.locator("[type=submit]").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text(f"{cast.admin.name} sudah mengubah ini sejak Anda membukanya: Nama")
    dialog.locator(".btn-primary").click()
    expect(page.locator(".toast")).to_be_visible()
    assert as_person(cast.admin).get(url).json["name"] == "Eceran" and page.problems == []


@pytest.mark.parametrize("options", [{}, {"dark": True, "width": 375, "height": 740}], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(sign_in, sales, cast, serious_findings, options):
    page = sign_in(cast.admin, sales.path, **options)
    expect(page.locator(".kcard")).to_have_count(3)
    findings = {"board": serious_findings(page)}
    card_on(page, sales.cards[0]).click()
    page.locator(".side-card").wait_for()
    findings["side"] = serious_findings(page)
    for name in ("edit", "analytics"):
        page.goto(f"/app/pipelines/{sales.pipeline.id}/{name}")
        page.wait_for_load_state("load")
        findings[name] = serious_findings(page)
    assert not any(findings.values()), findings
    assert page.problems == []


def test_a_finger_holds_and_drags(sign_in, sales, cast, eventually):
    """A long press picks the card up; dragging near the edge scrolls on to the next stage."""
    page = sign_in(cast.agent, sales.path, width=375, height=740)
    box = card_on(page, sales.cards[0]).bounding_box()
    touch = page.context.new_cdp_session(page)
    at = {"x": box["x"] + 100, "y": box["y"] + 50}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    expect(page.locator(".kghost")).to_be_visible()
    edge = {"x": 365, "y": box["y"] + 50}
    touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [edge]})
    target = column(page, sales.stages["Terkualifikasi"])
    expect(target).to_have_class(re.compile("is-over"))
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    eventually(lambda: stage_of(sales.cards[0]) != sales.stages["Lead Baru"].id)
