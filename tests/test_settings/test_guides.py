"""The help: every page has its guide, in both languages, and no link in it leads nowhere."""

import re

import pytest

from blueprints.settings.guides import DOCS, FOLDERS, PAGES, guide_of
from cloudchat.services import accounts
from cloudchat.tenancy import acting_as

# What is shown without the frame, or belongs to nobody's work
WITHOUT = {"admin", "system", "static"}


def files(name):
    """A guide in English and in Indonesian."""
    folder = DOCS / FOLDERS[name]
    return folder / f"{name}.md", folder / "id" / f"{name}.md"


def shape(text):
    """What both languages of a guide share: headings, steps, lines of tables, pictures, links."""
    return [
        (found[1], found[2] or "")
        for found in re.finditer(
            r"(?m)^(##? |\d+\. |- |\||!)|\]\((?:[./a-z]*/)?([a-z-]+\.(?:md|png))\)", text
        )
    ]


@pytest.mark.parametrize("name", FOLDERS)
def test_both_languages_say_the_same(name):
    english, indonesian = (path.read_text() for path in files(name))
    assert shape(english) == shape(indonesian)
    assert english != indonesian


def test_no_guide_is_forgotten():
    for folder in set(FOLDERS.values()):
        written = {path.stem for path in (DOCS / folder).glob("*.md")}
        assert written == {name for name, own in FOLDERS.items() if own == folder}
    assert set(PAGES.values()) <= set(FOLDERS)


def test_every_link_of_a_guide_leads_somewhere(cast, as_person):
    reader = as_person(cast.agent)
    contents = reader.get("/app/help").text
    for name in FOLDERS:
        assert f'href="/app/help/{name}"' in contents
        page = reader.get(f"/app/help/{name}").text
        article = page[page.index("<article") : page.index("</article>")]
        for address in set(re.findall(r'(?:href|src)="(/[^"]+)"', article)):
            assert reader.get(address).status_code == 200, (name, address)
        for path in files(name):  # and as files, where they are read without the product
            for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
                assert (path.parent / link).resolve().is_file(), (path, link)


def test_the_reader_chooses_the_language(cast, as_person):
    with acting_as(cast.organization_id):
        accounts.set_locale(cast.agent.id, "id")
    reader = as_person(cast.agent)
    assert "Yang perlu diketahui" in reader.get("/app/help/telegram").text
    with acting_as(cast.organization_id):
        accounts.set_locale(cast.agent.id, "en")
    assert "What to know" in as_person(cast.agent).get("/app/help/telegram").text
    assert reader.get("/app/help/operating").status_code == 404


def test_every_page_knows_its_guide(app):
    unknown = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/app/", "/admin/"))
        and "GET" in rule.methods
        and rule.endpoint.partition(".")[0] not in WITHOUT
        and guide_of(rule.endpoint) is None
    }
    assert not unknown


def test_the_question_mark_opens_the_guide(cast, as_person):
    admin = as_person(cast.admin)
    for path, name in (
        ("/app/inbox", "inbox"),
        ("/app/queue/report", "reports"),
        ("/app/settings/webhooks", "webhooks"),
        ("/admin/devices/", "devices"),
        ("/admin/labels/", "settings"),
    ):
        assert re.search(rf'href="/app/help/{name}"[^>]*data-help', admin.get(path).text), path


def test_templates_ask_for_endpoints_that_exist(app):
    """A button that is shown only "if it exists" must not hide behind a name that was renamed."""
    root = DOCS.parent / "templates"
    asked = {
        (path.name, name)
        for path in root.rglob("*.html")
        for name in re.findall(r'has_endpoint\("([^"]+)"\)', path.read_text())
    }
    assert {(path, name) for path, name in asked if name not in app.view_functions} == set()
