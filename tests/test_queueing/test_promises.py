"""The queue as a state machine: whatever is done in whatever order, what must always hold does."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cloudchat.services import divisions
from cloudchat.services.queueing import agents
from tests import factories
from tests.test_queueing.conftest import make_shop

LEAST = st.integers(0, 30)


def machine(app):
    """The machine on this app; each run has a shop of its own."""

    class Queue(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            cast = factories.cast()
            self.shop = make_shop(app, cast)
            self.people = [self.shop.agent(name, capacity=2, online=False) for name in ("Billing", "Support")]
            both = self.shop.agent("Billing", capacity=1, online=False)
            self.people.append(both)
            self.shop.act(divisions.add_members, self.shop.divisions["Support"], [both.id])
            self.customers = []

        # --- what may happen --------------------------------------------------------------------

        @precondition(lambda self: len(self.customers) < 7)
        @rule(answer=st.sampled_from("12"))
        def somebody_comes_and_chooses(self, answer):
            customer = self.shop.customer()
            customer.chooses(answer)
            self.customers.append(customer)

        @rule(
            who=LEAST, status=st.sampled_from(("online", "online", "busy", "offline")), requeue=st.booleans()
        )
        def an_agent_comes_or_goes(self, who, status, requeue):
            person = self.people[who % len(self.people)]
            self.shop.calls(person).put(
                "/api/app/agents/me/availability", json={"status": status, "requeue": requeue}
            )

        @rule(who=LEAST)
        def a_connection_is_lost(self, who):
            self.shop.vanishes(self.people[who % len(self.people)])

        @precondition(lambda self: self.customers)
        @rule(which=LEAST, text=st.sampled_from(("#", "keluar", "halo", "1")))
        def a_customer_writes(self, which, text):
            self.customers[which % len(self.customers)].says(text)

        @precondition(lambda self: self.customers)
        @rule(which=LEAST, status=st.sampled_from(("resolved", "pending", "open")))
        def the_desk_sets_a_status(self, which, status):
            url = f"/api/app/inbox/conversations/{self._id(which)}/status"
            self.shop.calls(self.shop.cast.manager).post(url, json={"status": status})

        @precondition(lambda self: self.customers)
        @rule(which=LEAST, division=st.sampled_from(("Billing", "Support")))
        def it_is_transferred(self, which, division):
            url = f"/api/app/inbox/conversations/{self._id(which)}/transfer"
            to = {"division_id": self.shop.divisions[division]}
            self.shop.calls(self.shop.cast.manager).post(url, json=to)

        @precondition(lambda self: self.customers)
        @rule(which=LEAST)
        def it_is_taken_from_its_agent(self, which):
            url = f"/api/app/inbox/conversations/{self._id(which)}/assign"
            self.shop.calls(self.shop.cast.manager).post(url, json={"agent_id": None})

        @rule(who=LEAST, division=st.sampled_from(("Billing", "Support")))
        def an_agent_takes_the_next(self, who, division):
            person = self.people[who % len(self.people)]
            to = {"division_id": self.shop.divisions[division]}
            self.shop.calls(person).post("/api/app/queue/next", json=to)

        def _id(self, which):
            return self.customers[which % len(self.customers)].conversation_id

        # --- what must hold ---------------------------------------------------------------------

        @invariant()
        def one_live_entry_and_it_agrees_with_the_conversation(self):
            live = {}
            for entry in self.shop.entries():
                if entry.status == "waiting" or (entry.status == "assigned" and entry.finished_at is None):
                    assert entry.conversation_id not in live, "two live entries"
                    live[entry.conversation_id] = entry
            for row in self.shop.conversations():
                entry = live.get(row.id)
                if entry is None:
                    continue
                assert row.status != "resolved" and row.division_id == entry.division_id
                if entry.status == "waiting":
                    assert row.status == "open" and row.assignee_id is None
                else:
                    assert row.assignee_id == entry.assigned_agent_id

        @invariant()
        def nobody_waits_for_an_agent_who_is_free(self):
            for entry in self.shop.entries(status="waiting"):
                known = self.shop.act(agents.of_division, entry.division_id)
                assert not [one for one in known if one.is_available], "a slot is free and somebody waits"

        @invariant()
        def places_count_from_one_without_gaps(self):
            found = self.shop.calls(self.shop.cast.manager).get("/api/app/queue").json["divisions"]
            for division in found:
                places = [entry["position"] for entry in division["entries"]]
                assert places == list(range(1, division["waiting"] + 1))

    return Queue


def test_the_queue_keeps_its_promises(app, context):
    steps = settings(
        max_examples=5, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine(app), settings=steps)
