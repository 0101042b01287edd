"""The operator's health page: numbers of the whole installation, and nothing that anybody wrote."""

from cloudchat.extensions import now
from cloudchat.services import operating
from tests import factories
from tests.test_admin.conftest import make_dead_event


def test_the_health_page_shows_numbers_only(operator, tenant, browser):
    canary = f"Rahasia{factories.number()}"
    make_dead_event(tenant.organization_id, canary)
    factories.message(factories.conversation(tenant.organization_id), canary)

    page = browser(operator).get("/operator/health").text

    assert canary not in page
    figures = operating.database_health()
    assert figures["dead_events"] >= 1
    assert figures["size"] > 0
    assert figures["oldest_event"] is None or figures["oldest_event"] <= now()


def test_the_health_page_stays_up_without_redis(operator, browser, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    def away(*_args, **_kwargs):
        raise Away

    mine = browser(operator)
    monkeypatch.setattr("redis.Redis.info", away)
    monkeypatch.setattr("rq.Queue.count", property(away))
    answer = mine.get("/operator/health")
    assert answer.status_code == 200
    assert "badge-red" in answer.text
