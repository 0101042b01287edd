"""Devices of the channels beside WhatsApp's official one."""

import pytest

from tests.test_lines.lines import LINES


@pytest.fixture
def make_line(app, simulator_process, cast):
    """`make_line("telegram")`: a connected device and its far end."""
    return lambda kind, owner=cast: LINES[kind](app, simulator_process, owner)


@pytest.fixture(params=sorted(LINES))
def line(request, make_line):
    """A device of each channel in turn."""
    return make_line(request.param)


@pytest.fixture
def telegram(make_line):
    return make_line("telegram")


@pytest.fixture
def phone(make_line):
    """A linked phone."""
    return make_line("wa_device")


@pytest.fixture
def page(make_line):
    """A Facebook page."""
    return make_line("messenger")
