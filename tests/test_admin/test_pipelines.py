"""The pipelines screen: a board and its stages are one form, saved whole or not at all."""

import re
from types import SimpleNamespace

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import AuditEntry
from cloudchat.tenancy import acting_as
from tests import factories


def form_of(page: str) -> dict:
    """What a browser would send back of the form as it stands."""
    version = re.search(r'name="version" value="([^"]*)"', page).group(1)
    found = {"version": version, "name": re.search(r'name="name"[^>]*value="([^"]*)"', page).group(1)}
    found |= {"currency": "IDR", "is_active": "y"}
    for name, value in re.findall(r'name="(stages-\d+-(?:id|name|color))"[^>]*value="([^"]*)"', page):
        found[name] = value
    for name, chosen in re.findall(r'<select[^>]*name="(stages-\d+-kind)">.*?selected value="(\w+)"', page):
        found[name] = chosen
    return found


def screen(home, browser):
    row = factories.pipeline(home.organization_id, "Penjualan")
    return SimpleNamespace(row=row, url=f"/admin/pipelines/edit/?id={row.id}", mine=browser(home))


def names(row) -> list[str]:
    return [stage.name for stage in factories.stages_of(row)]


def told(home) -> list[AuditEntry]:
    with acting_as(home.organization_id):
        return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))[1:]


def test_a_form_is_one_change_with_one_line_in_the_log(home, browser):
    it = screen(home, browser)
    form = form_of(it.mine.get(it.url).text)
    assert [form[f"stages-{n}-name"] for n in range(4)] == names(it.row)[:4]
    assert it.mine.post(it.url, form).status_code == 302
    assert "stages" not in told(home)[-1].data  # nothing was touched
    before = len(told(home))
    form = form_of(it.mine.get(it.url).text)
    form |= {"name": "Toko", "stages-0-name": "Baru", "stages-2-name": "", "stages-6-name": "Survei"}
    assert it.mine.post(it.url, form | {"stages-6-kind": "open"}).status_code == 302
    assert names(it.row) == ["Baru", "Terkualifikasi", "Negosiasi", "Survei", "Menang", "Kalah"]
    [line] = told(home)[before:]
    assert line.action == "pipeline.changed"
    assert line.data["stages"] == {"changed": ["Baru"], "removed": ["Penawaran"], "added": ["Survei"]}


def test_one_wrong_line_saves_nothing(home, browser):
    it = screen(home, browser)
    before, lines = names(it.row), len(told(home))
    factories.card(it.row, factories.stages_of(it.row)[1])
    form = form_of(it.mine.get(it.url).text)
    form |= {"name": "Toko", "stages-0-name": "Baru", "stages-1-name": ""}  # has a card
    assert it.mine.post(it.url, form).status_code == 422
    assert (names(it.row), len(told(home))) == (before, lines)
    foreign = factories.stages_of(factories.pipeline(home.organization_id))[0]
    form |= {"stages-1-name": "Terkualifikasi", "stages-2-id": str(foreign.id)}
    assert it.mine.post(it.url, form).status_code == 422
    assert names(it.row) == before


def test_stages_that_somebody_else_has_changed_are_told(home, browser):
    it = screen(home, browser)
    mine, theirs = form_of(it.mine.get(it.url).text), form_of(it.mine.get(it.url).text)
    assert it.mine.post(it.url, theirs | {"stages-0-name": "Masuk"}).status_code == 302
    refused = it.mine.post(it.url, mine | {"stages-0-name": "Baru"})
    assert refused.status_code == 409
    assert "Masuk, Terkualifikasi" in refused.text
    assert names(it.row)[0] == "Masuk"
    again = form_of(refused.text)
    assert again["stages-0-name"] == "Baru"
    assert it.mine.post(it.url, again).status_code == 302
    assert names(it.row)[0] == "Baru"
