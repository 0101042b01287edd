"""Quiet hours: whatever the zone, the days and midnight do, they are what a clock on the wall says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.services import notification_settings
from cloudchat.services.quiet_hours import QuietHours, quiet_until, tomorrow_morning, weekday

ZONES = [ZoneInfo(name) for name in ("Asia/Jakarta", "Asia/Kathmandu", "Europe/Berlin", "America/New_York")]
START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 730 * 24 * 60 * 60).map(lambda seconds: START + timedelta(seconds=seconds))
MINUTES = st.integers(0, 24 * 60 - 1)
HOURS = st.builds(QuietHours, st.frozensets(st.integers(0, 6)), MINUTES, MINUTES)


def on_the_wall(hours: QuietHours, moment: datetime, zone: ZoneInfo) -> bool:
    """The rule as one would say it, from the wall clock alone."""
    local = moment.astimezone(zone)
    minute, today = local.hour * 60 + local.minute, weekday(local.date())
    yesterday = (today - 1) % 7
    if hours.starts < hours.ends:
        return today in hours.days and hours.starts <= minute < hours.ends
    if hours.starts == hours.ends:
        return False
    return (today in hours.days and minute >= hours.starts) or (
        yesterday in hours.days and minute < hours.ends
    )


def changes_clock(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the offset changes within two days: then a wall clock reading may be there twice."""
    offsets = {(moment + timedelta(hours=h)).astimezone(zone).utcoffset() for h in range(-48, 49, 6)}
    return len(offsets) > 1


@settings(max_examples=300)
@given(HOURS, MOMENTS, st.sampled_from(ZONES))
def test_it_is_quiet_when_the_wall_clock_says_so(hours, moment, zone):
    if not changes_clock(moment, zone):
        assert (quiet_until(hours, moment, zone) is not None) == on_the_wall(hours, moment, zone)


@settings(max_examples=200)
@given(HOURS, MOMENTS, st.sampled_from(ZONES))
def test_the_quiet_ends_when_it_is_said_to_end(hours, moment, zone):
    """Also across a change of the clocks: silent until then, and heard from then on."""
    ends = quiet_until(hours, moment, zone)
    if ends is None:
        return
    assert timedelta(0) < ends - moment <= timedelta(hours=25)
    middle = moment + (ends - moment) / 2
    assert quiet_until(hours, middle, zone) == ends
    assert quiet_until(hours, ends, zone) != ends


def test_a_night_across_midnight_belongs_to_the_evening_on_which_it_begins():
    hours = QuietHours(frozenset({5}), 22 * 60, 7 * 60)  # Fridays
    zone = ZoneInfo("Asia/Jakarta")
    saturday_morning = datetime(2026, 11, 28, 6, 59, tzinfo=zone)
    assert quiet_until(hours, saturday_morning, zone) == datetime(2026, 11, 28, 0, 0, tzinfo=UTC)
    assert quiet_until(hours, saturday_morning + timedelta(minutes=1), zone) is None
    assert quiet_until(hours, saturday_morning - timedelta(days=1), zone) is None


def test_tomorrow_is_eight_in_the_morning_of_the_organization():
    evening = datetime(2026, 11, 26, 23, 30, tzinfo=ZoneInfo("Asia/Jayapura"))
    assert tomorrow_morning(evening, ZoneInfo("Asia/Jayapura")) == datetime(2026, 11, 26, 23, 0, tzinfo=UTC)


def test_the_own_queue_may_ring_and_a_snooze_silences_all():
    moment = datetime(2026, 11, 26, 23, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
    chosen = {"quiet_hours": {"enabled": True, "own_still_rings": True}}
    settings = notification_settings.outward(chosen, None)

    def heard(settings, kind):
        return notification_settings.may_disturb(settings, kind, moment, "Asia/Jakarta")

    assert [heard(settings, kind) for kind in ("assigned", "message")] == [True, True]
    assert [heard(settings, kind) for kind in ("conversation_new", "mention")] == [False, False]
    settings["snoozed_until"] = moment + timedelta(minutes=1)
    assert not heard(settings, "assigned")
