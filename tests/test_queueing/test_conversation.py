"""What a customer goes through: the menu, a choice, the queue, an agent."""

from datetime import timedelta

from sqlalchemy import update

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, DivisionChoice
from cloudchat.services import queueing
from cloudchat.services.queueing import bursts, choosing, settings
from tests import factories

MENU = "Selamat datang di toko kami, silahkan pilih agen yang anda tuju\n\n1. Billing\n2. Support\n3. Umum"
WAITS = "Anda akan di layani oleh tim Support, Tunggu dalam antrian ke {}. Tekan # untuk cek antrian"
NOBODY = "Maaf, saat ini tidak ada agen yang tersedia. Anda akan dilayani secepatnya."


def test_the_first_message_is_answered_with_the_menu(shop):
    budi = shop.customer()
    assert budi.says("Halo") == [MENU]
    buttons = budi.heard()[0]["payload"]["buttons"]
    assert [button["title"] for button in buttons] == ["1. Billing", "2. Support", "3. Umum"]
    assert budi.row.awaiting_division_selection


def test_whoever_chooses_is_connected_at_once_where_an_agent_is_free(shop):
    agent = shop.agent("Support")
    budi = shop.customer()
    assert budi.chooses("2") == [f"Anda terhubung dengan {agent.name} dari tim Support."]
    assert (budi.row.assignee_id, budi.row.division_id) == (agent.id, shop.divisions["Support"])
    assert (budi.entry.status, budi.entry.assigned_agent_id) == ("assigned", agent.id)
    assert budi.kinds() == ["division_chosen", "queue_assigned"]


def test_nobody_there_is_said_with_the_place(shop):
    budi, ani = shop.customer(), shop.customer()
    assert budi.chooses("support") == [WAITS.format(1) + "\n\n" + NOBODY]
    assert ani.chooses("Tim Support!") == [WAITS.format(2) + "\n\n" + NOBODY]
    assert [entry.queue_number for entry in shop.entries(status="waiting")] == [1, 2]


def test_all_busy_and_the_place_on_demand(shop):
    agent = shop.agent("Support", capacity=1)
    first, second, third = shop.customer(), shop.customer(), shop.customer()
    first.chooses("2")
    assert second.chooses("2") == [WAITS.format(1)]
    assert third.chooses("2") == [WAITS.format(2)]
    assert third.says("#") == ["Anda masih dalam antrian ke 2. mohon menunggu"]
    assert third.says("cepat ya kak") == []
    shop.calls(agent).post(
        f"/api/app/inbox/conversations/{first.conversation_id}/status", json={"status": "resolved"}
    )
    assert second.row.assignee_id == agent.id, "a slot that is freed drains the queue at once"
    assert third.says("＃") == ["Anda masih dalam antrian ke 1. mohon menunggu"]


def test_wrong_answers_are_asked_again_twice_then_a_human_is_called(shop):
    budi = shop.customer()
    budi.says("Halo")
    again = settings.DEFAULTS["invalid_choice_message"] + "\n\n" + MENU
    assert budi.says("99") == [again]
    assert budi.says("xyz") == [again]
    assert budi.says("abc") == [settings.DEFAULTS["human_message"]]
    assert budi.row.needs_human and not budi.row.awaiting_division_selection
    assert budi.says("halo", "saya mau 2 kaos") == [], "no more menus: that is for the human"
    assert budi.says("2") == [WAITS.format(1) + "\n\n" + NOBODY], "a clear choice is still taken"
    assert budi.row.division_id == shop.divisions["Support"] and not budi.row.needs_human


def test_words_right_after_the_menu_are_answered_once_it_is_quiet(shop, monkeypatch):
    """They may be more of the first burst, or a quick wrong answer: nobody is met by silence."""
    monkeypatch.setattr(choosing, "BURST", timedelta(minutes=10))  # the machine may be busy
    budi, ani = shop.customer(), shop.customer()
    for one in (budi, ani):
        one.says("Halo")
        assert one.says("mau tanya dong", "ada diskon tidak") == []
    ani.says("2")

    def later():
        db.session.execute(update(DivisionChoice).values(settles_at=now()))
        db.session.commit()
        bursts.settle()

    shop.act(bursts.settle)
    assert len(budi.heard()) == 1, "not while more may come"
    shop.act(later)
    assert [one["text"] for one in budi.heard()] == [MENU, settings.DEFAULTS["invalid_choice_message"]]
    assert "Support" in ani.heard()[-1]["text"]
    shop.act(bursts.settle)
    assert len(budi.heard()) == 2, "once"
    assert budi.says("2")[0].startswith(WAITS.format(2))


def test_words_of_the_first_message_suggest_a_division_and_ya_takes_it(shop):
    admin = shop.calls(shop.cast.admin)
    url = f"/api/app/divisions/{shop.divisions['Billing']}"
    admin.put(url, json={"keyword_triggers": "tagihan, bayar", "auto_detect_keywords": True})
    budi = shop.customer()
    (menu,) = budi.says("saya mau membayar")
    assert "Sepertinya Anda memerlukan tim Billing." in menu and menu.endswith("3. Umum")
    budi.says("ya")
    assert budi.row.division_id == shop.divisions["Billing"]


def test_a_number_means_what_the_customer_saw(shop):
    """Also where divisions were put into another order, or one was switched off, meanwhile."""
    admin = shop.calls(shop.cast.admin)
    budi, ani = shop.customer(), shop.customer()
    budi.says("Halo")
    ani.says("Halo")
    admin.put("/api/app/divisions/reorder", json={"ids": [shop.divisions["Umum"]]})
    budi.says("1")
    assert budi.row.division_id == shop.divisions["Billing"]
    admin.put(f"/api/app/divisions/{shop.divisions['Billing']}", json={"is_active": False})
    (said,) = ani.says("1")
    assert said.startswith("Maaf, tim Billing sedang tidak melayani.") and "1. Umum\n2. Support" in said
    ani.says("2")
    assert ani.row.division_id == shop.divisions["Support"]


def test_a_tap_is_a_choice(shop):
    budi = shop.customer()
    budi.says("Halo")
    tap = budi.heard()[0]["payload"]["buttons"][1]
    budi.says(tap["title"], tap=tap["id"])
    assert budi.row.division_id == shop.divisions["Support"]


def test_with_the_queue_off_nothing_is_said_but_who_waits_is_served(shop):
    waits, asked = shop.customer(), shop.customer()
    waits.chooses("2")
    asked.says("Halo")
    shop.set(is_enabled=False)
    assert asked.says("2") == [] and shop.customer().says("Halo") == []
    assert waits.says("#") == ["Anda masih dalam antrian ke 1. mohon menunggu"]
    agent = shop.agent("Support")
    assert waits.row.assignee_id == agent.id


def test_a_bot_hands_over_with_the_menu(shop):
    row = factories.conversation(shop.id)

    def hand_over():
        locked = db.session.get(Conversation, row.id, with_for_update=True)
        sent = queueing.offer_menu(locked)
        db.session.commit()
        return sent

    assert shop.act(hand_over) is True
    assert shop.get(Conversation, row.id).awaiting_division_selection
    shop.set(is_enabled=False)
    other = factories.conversation(shop.id)
    row = other
    assert shop.act(hand_over) is False
