"""Is a bot awake, and until when: pure functions, over zones, nights and clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.services.schedules import (
    Schedule,
    Window,
    is_awake,
    merged,
    next_change,
    spans_of_week,
    window,
)

JAKARTA, MAKASSAR, BERLIN = "Asia/Jakarta", "Asia/Makassar", "Europe/Berlin"
NIGHT = window(time(22), time(6))


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def week(*windows: Window, days=range(7)) -> dict:
    return dict.fromkeys(days, windows)


def test_a_window_belongs_to_the_wall_clock_of_its_zone():
    """Monday 08:00 to 17:00; 0 is Sunday."""
    office = week(window(time(8), time(17)), days=[1])
    for zone in (JAKARTA, MAKASSAR):
        schedule = Schedule(zone, office)
        assert is_awake(schedule, at(zone, "2026-11-23T08:00"))
        assert not is_awake(schedule, at(zone, "2026-11-23T17:00"))
        assert not is_awake(schedule, at(zone, "2026-11-22T10:00"))
    one_hour_later = at(JAKARTA, "2026-11-23T16:30")
    assert is_awake(Schedule(JAKARTA, office), one_hour_later)
    assert not is_awake(Schedule(MAKASSAR, office), one_hour_later)


def test_a_night_runs_into_the_next_day():
    """22:00 to 06:00 on Saturday ends on Sunday, the first day of the week."""
    schedule = Schedule(JAKARTA, week(NIGHT, days=[6]))
    assert is_awake(schedule, at(JAKARTA, "2026-11-28T23:59"))
    assert is_awake(schedule, at(JAKARTA, "2026-11-29T05:59"))
    assert not is_awake(schedule, at(JAKARTA, "2026-11-28T05:00"))
    assert next_change(schedule, at(JAKARTA, "2026-11-28T23:00")) == at(JAKARTA, "2026-11-29T06:00")
    assert spans_of_week(schedule)[0] == (Window(0, 360),)


def test_start_and_end_may_not_be_the_same():
    with pytest.raises(ValueError, match="length"):
        window(time(8), time(8))


def test_what_overlaps_is_shown_as_one():
    lunch = (window(time(8), time(12)), window(time(11), time(15)), window(time(15), time(16)))
    assert merged(lunch) == (Window(480, 960),)
    always = Schedule(JAKARTA, week(window(time(0), time.max)))
    assert spans_of_week(always) == dict.fromkeys(range(7), (Window(0, 1440),))
    assert next_change(always, at(JAKARTA, "2026-11-28T12:00")) is None


def test_a_date_with_hours_of_its_own_stands_alone():
    """Closed all day also ends the night before it; other hours replace those of the week."""
    dates = {date(2026, 12, 25): (), date(2026, 12, 31): (window(time(9), time(12)),)}
    schedule = Schedule(JAKARTA, week(NIGHT), dates)
    assert is_awake(schedule, at(JAKARTA, "2026-12-24T23:00"))
    assert next_change(schedule, at(JAKARTA, "2026-12-24T23:00")) == at(JAKARTA, "2026-12-25T00:00")
    assert next_change(schedule, at(JAKARTA, "2026-12-25T12:00")) == at(JAKARTA, "2026-12-26T22:00")
    assert is_awake(schedule, at(JAKARTA, "2026-12-31T11:00"))
    assert not is_awake(schedule, at(JAKARTA, "2026-12-31T23:00"))


def test_a_far_date_is_found():
    always = Schedule(JAKARTA, week(window(time(0), time.max)), {date(2027, 8, 17): ()})
    assert next_change(always, at(JAKARTA, "2026-11-28T12:00")) == at(JAKARTA, "2027-08-17T00:00")


def test_an_hour_that_comes_twice_counts_twice():
    """Berlin, 25 October 2026: 02:00 to 03:00 comes twice."""
    schedule = Schedule(BERLIN, week(window(time(1), time(2, 30)), days=[0]))
    first_end = next_change(schedule, at(BERLIN, "2026-10-25T01:00"))
    assert first_end == at(BERLIN, "2026-10-25T02:30")
    again = next_change(schedule, first_end)
    assert again == at(BERLIN, "2026-10-25T02:00", fold=1)
    assert next_change(schedule, again) == at(BERLIN, "2026-10-25T02:30", fold=1)


def test_an_hour_that_is_skipped_never_comes():
    """Berlin, 29 March 2026: after 01:59 comes 03:00."""
    schedule = Schedule(BERLIN, week(window(time(2, 15), time(3, 30)), days=[0]))
    switch = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert next_change(schedule, switch - timedelta(hours=1)) == switch
    assert not is_awake(schedule, switch - timedelta(seconds=1))


def test_not_enabled_is_always_awake():
    schedule = Schedule(JAKARTA, enabled=False)
    assert is_awake(schedule, at(JAKARTA, "2026-11-28T03:00"))
    assert next_change(schedule, at(JAKARTA, "2026-11-28T03:00")) is None


ZONES = st.sampled_from([JAKARTA, MAKASSAR, BERLIN, "America/New_York", "Australia/Lord_Howe"])
MINUTES_OF_HALF_YEAR = 60 * 24 * 200  # from winter into summer and back: every zone switches within
MOMENTS = st.integers(0, 2 * MINUTES_OF_HALF_YEAR).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
SWITCHES = st.sampled_from(
    ["2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01"]
)
NEAR_SWITCHES = st.builds(
    lambda day, minute: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=minute),
    SWITCHES,
    st.integers(-1440, 2880),
)
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
WINDOWS = (
    st.tuples(QUARTERS, QUARTERS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: window(*pair))
)
DAYS = st.lists(WINDOWS, max_size=3).map(tuple)
SCHEDULES = st.builds(
    Schedule,
    timezone=ZONES,
    week=st.dictionaries(st.integers(0, 6), DAYS, max_size=7),
    dates=st.dictionaries(st.dates(date(2026, 3, 1), date(2026, 11, 5)), DAYS, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(SCHEDULES, MOMENTS | NEAR_SWITCHES)
def test_nothing_changes_before_the_next_change(schedule, moment):
    """Asked minute by minute, the answer is the same up to the next change, and another one there."""
    awake, change = is_awake(schedule, moment), next_change(schedule, moment)
    if change is not None:
        assert change > moment
        assert is_awake(schedule, change) != awake
    until = min(change or moment + timedelta(days=2), moment + timedelta(days=2))
    minutes = int((until - moment).total_seconds() // 60)
    for minute in range(0, minutes, 7):
        assert is_awake(schedule, moment + timedelta(minutes=minute)) == awake
    if minutes:
        assert is_awake(schedule, until - timedelta(minutes=1)) == awake


@settings(max_examples=60, deadline=None)
@given(SCHEDULES, MOMENTS | NEAR_SWITCHES)
def test_what_is_shown_is_what_is_done(schedule, moment):
    """Merging changes no minute of the week."""
    weekly = Schedule(schedule.timezone, schedule.week)
    local = moment.astimezone(ZoneInfo(schedule.timezone))
    minute = local.hour * 60 + local.minute
    spans = spans_of_week(weekly)[local.isoweekday() % 7]
    assert is_awake(weekly, moment) == any(span.start <= minute < span.end for span in spans)
