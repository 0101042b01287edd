"""More than anybody needs, of what people may make (H61, H64)."""

import pytest
from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import ChatbotSchedule, Contact
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_hostile.test_webhooks import body_of, device, send, text_message  # noqa: F401


@pytest.fixture
def hours(cast, as_person):
    """`hours(method, path, body)`: the admin at a bot's hours; `hours.count()`: its windows."""
    with acting_as(cast.organization_id):
        bot = factories.bot(cast.organization_id)
    admin = as_person(cast.admin)

    def call(method, path, body):
        return getattr(admin, method)(f"/api/app/chatbot/bots/{bot.id}{path}", json=body)

    def count():
        with acting_as(cast.organization_id):
            return db.session.scalar(select(func.count()).select_from(ChatbotSchedule))

    call.count = count
    return call


@pytest.mark.parametrize(
    "method, path, body",
    [
        (
            "put",
            "/schedules",
            {
                "windows": [
                    {"day_of_week": n % 7, "start_time": "08:00", "end_time": "09:00"} for n in range(10_000)
                ]
            },
        ),
        ("post", "/schedules", {"day_of_week": 7, "start_time": "08:00", "end_time": "09:00"}),
        ("post", "/schedules", {"day_of_week": 1, "start_time": "25:00", "end_time": "09:00"}),
        ("post", "/schedules", {"day_of_week": 1, "start_time": "08:00", "end_time": "08:00"}),
        ("put", "", {"timezone": "../etc/passwd"}),
        ("put", "", {"timezone": "Asia/Jakarta\x00"}),
    ],
    ids=[
        "10,000 windows",
        "an eighth day",
        "25 o'clock",
        "start is end",
        "a path for a zone",
        "NUL in a zone",
    ],
)
def test_h64_hours_have_limits(hours, method, path, body):
    answer = hours(method, path, body)
    assert answer.status_code in (400, 422), answer.text
    assert hours.count() == 0


def test_h61_a_thousand_new_numbers_are_one_organizations_matter(send, device):  # noqa: F811
    """They are all kept, and the neighbour's customer is stored as if nothing had happened."""
    neighbour = factories.device(factories.organization())
    messages = [text_message(f"halo {n}", **{"from": f"62811{n:07}"}) for n in range(1000)]
    for start in range(0, 1000, 100):
        assert send(body_of(device, *messages[start : start + 100])).status_code == 200
        assert send(body_of(neighbour, text_message(f"saya {start}"))).status_code == 200
    for one, people in ((device, 1000), (neighbour, 1)):
        with acting_as(one.organization_id):
            assert db.session.scalar(select(func.count()).select_from(Contact)) == people
