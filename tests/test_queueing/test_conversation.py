"""What a customer goes through: the menu, a choice, the queue, an agent."""

from cloudchat.services.queueing import settings

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
    assert budi.says("halo") == [], "no more menus"
