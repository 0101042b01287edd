"""Several people at one board at the same moment, each on a connection of their own (F24)."""

import threading

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import AuditEntry, Conversation
from cloudchat.services import accounts
from cloudchat.services.pipelines import moving, stages
from cloudchat.tenancy import acting_as
from tests import factories


def _at_once(app, *works):
    """Run them together, each with a session and an organization of its own; what each answered."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(number, work):
        with app.app_context():
            barrier.wait()
            try:
                results[number] = work()
            except Exception as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_people_move_the_same_card_at_once(app, sales, cast):
    """One of them wins and the other is told; nothing is written twice (F24)."""
    for _ in range(5):
        card = sales.card()
        version = sales.now(card).version

        def mover(person, stage, card_id=card.id, version=version):
            def work():
                with acting_as(cast.organization_id):
                    identity = accounts.identify_token(person.token)
                    return moving.move(identity, card_id, moving.Wanted(stage.id, version=version))

            return work

        answers = _at_once(app, mover(cast.admin, sales.qualified), mover(cast.manager, sales.won))
        lost = [answer for answer in answers if isinstance(answer, Exception)]
        assert [getattr(error, "code", error) for error in lost] == ["card_moved"]
        [winner] = [answer for answer in answers if isinstance(answer, dict)]
        assert lost[0].extra["card"]["stage_id"] == winner["stage_id"]
        assert sales.now(card).pipeline_stage_id == winner["stage_id"]
        assert len(sales.history(card)) == 2


def test_many_moves_at_once_keep_one_order(app, sales, cast):
    """Everybody drops onto the top of one column: every card is there once, with a key of its own."""
    cards = [sales.card() for _ in range(12)]

    def mover(card_id):
        def work():
            with acting_as(cast.organization_id):
                identity = accounts.identify_token(cast.admin.token)
                moving.move(identity, card_id, moving.Wanted(sales.qualified.id, place="top"))

        return work

    assert not any(_at_once(app, *(mover(card.id) for card in cards)))
    assert sorted(sales.order(sales.qualified)) == sorted(card.id for card in cards)
    with acting_as(cast.organization_id):
        keys = [db.session.get(Conversation, card.id, populate_existing=True) for card in cards]
        assert len({row.pipeline_position for row in keys}) == len(cards)


def test_two_cards_dropped_between_the_same_two(app, sales, cast):
    """Both land there, in one order, each with one history row: nobody is refused for it."""
    above, below = sales.card(sales.qualified), sales.card(sales.qualified)
    drops = [sales.card() for _ in range(2)]

    def mover(card, person):
        version = sales.now(card).version

        def work():
            with acting_as(cast.organization_id):
                place = {"after_id": above.id, "before_id": below.id, "version": version}
                identity = accounts.identify_token(person.token)
                return moving.move(identity, card.id, moving.Wanted(sales.qualified.id, **place))

        return work

    answers = _at_once(app, mover(drops[0], cast.admin), mover(drops[1], cast.manager))
    assert {answer["stage_id"] for answer in answers} == {sales.qualified.id}
    order = sales.order(sales.qualified)
    assert (order[0], order[-1], set(order[1:3])) == (above.id, below.id, {card.id for card in drops})
    assert [item["id"] for item in sorted(answers, key=lambda item: item["position"])] == order[1:3]
    assert len({sales.now(card).pipeline_position for card in (above, below, *drops)}) == 4
    assert [len(sales.history(card)) for card in drops] == [2, 2]


def test_two_admins_reorder_the_stages(app, sales, cast):
    """One order of the two is the board's, whole; an order without a stage that came meanwhile is refused."""
    ids = [stage.id for stage in factories.stages_of(sales.pipeline)]
    orders = [[ids[2], ids[1], ids[0], *ids[3:]], [ids[1], ids[3], ids[2], ids[0], *ids[4:]]]

    def ordering(wanted):
        def work():
            with acting_as(cast.organization_id):
                return [row.id for row in stages.reorder(sales.pipeline.id, wanted)]

        return work

    for _ in range(3):
        assert _at_once(app, *map(ordering, orders)) == orders
        rows = factories.stages_of(sales.pipeline)
        assert [row.id for row in rows] in orders
        assert [row.position for row in rows] == list(range(len(ids)))
    with acting_as(cast.organization_id):
        told = select(func.count()).where(AuditEntry.action == "stages.reordered")
        assert db.session.scalar(told) == 6

    def adding():
        with acting_as(cast.organization_id):
            return stages.add(sales.pipeline.id, {"name": "Uji coba"}).id

    added, reordered = _at_once(app, adding, ordering(orders[0]))
    rows = factories.stages_of(sales.pipeline)
    assert added in [row.id for row in rows]
    assert [row.position for row in rows] == list(range(len(ids) + 1))
    assert reordered == orders[0] or reordered.code == "order_incomplete"
