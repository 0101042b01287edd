"""Asking the app for its routes, and calling them with ids of one organization or another."""

from sqlalchemy import text

from cloudchat.extensions import db
from cloudchat.tenancy import acting_as
from tests.contracts import objects, registry
from tests.contracts.registry import NotAnId


def admin_endpoints(app) -> set[str]:
    """Flask-Admin's own routes: they have generated tests of their own."""
    views = [view for admin in app.extensions.get("admin", []) for view in admin._views]
    names = {view.blueprint.name for view in views if view.blueprint}
    return {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in names}


def rules(app):
    """All rules but static files and Flask-Admin's."""
    left_out = admin_endpoints(app) | registry.STATIC
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in left_out]


def blueprint_of(rule) -> str:
    return rule.endpoint.rpartition(".")[0]


def makers(rule) -> dict:
    known = registry.PARAMETERS.get(blueprint_of(rule), {})
    found = {name: known[name] for name in rule.arguments if name in known}
    return {name: make for name, make in found.items() if not isinstance(make, NotAnId)}


def tried(app) -> list:
    """(rule, method) of every route that is called with ids."""
    return [
        (rule, method.lower())
        for rule in rules(app)
        if makers(rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


FILLED = ("bot", "card", "contact", "conversation", "division", "pipeline", "stage", "waiting_entry")


def filled(value, organization_id):
    """Replace {contact}, {conversation} and the like by ids of the organization, wherever they stand."""
    if isinstance(value, dict):
        return {key: filled(item, organization_id) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, organization_id) for item in value]
    if isinstance(value, str):
        for name in FILLED:
            if "{" + name + "}" in value:
                made = getattr(objects, name)(organization_id)
                return made if value == "{" + name + "}" else value.replace("{" + name + "}", str(made))
    return value


class Made(dict):
    """Ids of rows of the organization by what they are, each made when it is asked for."""

    def __init__(self, organization_id: int):
        super().__init__()
        self.organization_id = organization_id

    def __missing__(self, name: str) -> int:
        self[name] = getattr(objects, name)(self.organization_id)
        return self[name]


def request_of(rule, organization_id) -> dict:
    given = registry.REQUESTS.get(rule.endpoint, {})
    made = Made(organization_id)
    return {key: value(made) if callable(value) else value for key, value in given.items()}


def fingerprint(organization_id: int) -> dict[str, str]:
    """A hash of all rows that the organization has, by table."""
    with acting_as(organization_id):
        tables = db.session.scalars(
            text(
                "select table_name from information_schema.columns where column_name = "
                "'organization_id' and table_schema = 'public' order by 1"
            )
        ).all()
        one = "select '{0}', md5(string_agg(t::text, '|' order by t::text)) from {0} t"
        rows = db.session.execute(text(" union all ".join(one.format(name) for name in tables)))
        return {name: found for name, found in rows}


def url_of(app, rule, values: dict) -> str:
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)
