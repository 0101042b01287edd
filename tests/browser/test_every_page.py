"""Every page on a phone: axe finds nothing serious, nothing hangs over the edge, no script fails.

The pages are asked of the app; a new one is in by itself. What the desk holds is one of everything. Languages
and colours take turns from page to page.
"""

import pytest

from tests import factories
from tests.browser.axe import serious
from tests.contracts import objects
from tests.contracts.walk import makers, request_of, rules, url_of

OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Shown by tests of their own, in a state that they need
ELSEWHERE = {"messenger.show", "auth.accept_invitation", "auth.reset", "webchat.page"}


@pytest.fixture
def pages(app, cast, as_person):
    """Addresses of all whole pages of the organization, and of the admin's lists."""
    reader, found = as_person(cast.admin), []
    for rule in rules(app):
        names = makers(rule)
        whole = "GET" in rule.methods and set(names) == set(rule.arguments)
        if not whole or rule.endpoint in ELSEWHERE or not rule.rule.startswith(("/app/", "/api/docs")):
            continue
        values = {name: make(cast.organization_id) for name, make in names.items()}
        if {"pipeline_id", "stage_id"} <= set(values):
            continue
        url = url_of(app, rule, values)
        answer = reader.get(url, query_string=request_of(rule, cast.organization_id).get("query_string"))
        if answer.status_code == 200 and answer.get_data(as_text=True)[:200].lstrip().startswith("<!doctype"):
            found.append(url)
    for admin in app.extensions["admin"]:
        found += [
            f"{view.url}/" for view in admin._views if view.blueprint and "operator" not in view.endpoint
        ]
    return found


@pytest.mark.timeout(400)
def test_every_page_on_a_phone(pages, sign_in, cast):
    for make in (objects.used_label, objects.waiting_entry, objects.notification, objects.meta_template):
        make(cast.organization_id)
    english = factories.person(cast.organization_id, "admin", locale="en")
    readers = [sign_in(one, "/app/dashboard", width=375, height=720) for one in (cast.admin, english)]
    faults = []
    assert len(pages) >= 60
    for number, url in enumerate(pages):
        page, scheme = readers[number % 2], ("light", "dark")[number // 2 % 2]
        page.emulate_media(color_scheme=scheme)
        page.goto(url)
        faults += [f"{url}, {scheme}: {fault}" for fault in serious(page)]
        if (over := page.evaluate(OVERHANG)) > 0:
            faults.append(f"{url}: {over} px over the edge")
    faults += readers[0].problems + readers[1].problems
    assert not faults, "\n".join(faults)
