"""The API's description is complete, valid, and true: what it allows never fails in us."""

import re

import pytest
import schemathesis
from flask_babel import force_locale, gettext
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate

from cloudchat.openapi import document
from tests import factories

# Calls that would end the session that the others of this test run in.
LEFT_OUT = "/api/auth/|/api/app/me/password"
EXAMPLES = 4
SAME_IN_BOTH = {"Transfer"}


@pytest.fixture(scope="module")
def described(app):
    with app.app_context():
        return document(app)


def api_routes(app) -> list:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]


def test_the_document_is_valid(described):
    validate(described)


def test_every_api_route_is_described(app, described):
    missing = [
        f"{method} {rule}"
        for rule in api_routes(app)
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if method.lower()
        not in described["paths"].get(re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule), {})
    ]
    assert not missing
    assert all(path.startswith("/api/") for path in described["paths"]), "pages are no API"


def operations(described) -> list:
    return [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def test_ids_are_integers(described):
    for path, _method, operation in operations(described):
        for parameter in operation["parameters"]:
            if parameter["name"].endswith("_id") and parameter["in"] == "path":
                assert parameter["schema"]["type"] == "integer", path


def test_bodies_and_errors_are_described(described):
    for path, method, operation in operations(described):
        answers = operation["responses"]
        errors = {code: answer for code, answer in answers.items() if int(code) >= 400}
        assert any(int(code) < 400 for code in answers), path
        for answer in errors.values():
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}
        if operation["security"]:
            assert "401" in errors, path
        if "{" in path:
            assert "404" in errors, path
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(errors), f"{method} {path}"
    assert not [name for name in described["components"]["schemas"] if "ValidationError" in name]


def test_operations_have_names_of_their_own(described):
    names = [operation["operationId"] for _path, _method, operation in operations(described)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"\w+", name) for name in names)


def test_the_reference_speaks_indonesian(app, described):
    with app.test_request_context(), force_locale("id"):
        english = {
            text for _path, _method, one in operations(described) if gettext(text := one["summary"]) == text
        }
    assert english <= SAME_IN_BOTH


def test_everybody_may_read_it(client):
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200 and answer.json["openapi"].startswith("3.")


def test_what_the_document_allows_never_fails_in_us(app):
    """Schemathesis calls every operation with values that the document allows, and some that it does
    not: none may answer 5xx, and every refusal has the one form."""
    with app.app_context():
        organization_id = factories.organization()
        headers = factories.person(organization_id, "admin").headers
        factories.message(factories.conversation(organization_id))
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app).exclude(path_regex=LEFT_OUT)
    broken: list[str] = []
    for operation in schema.get_all_operations():
        _try(operation.ok(), headers, broken)
    assert not broken, "\n".join(broken)


# What a failed Facebook connection says beside the common error object.
BESIDE = {
    "errorCode",
    "errorSubcode",
    "errorType",
    "actionRequired",
    "helpUrl",
    "retryAfterSeconds",
    "traceId",
}


def _try(operation, headers: dict, broken: list[str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case):
        answer = case.call(headers=headers)
        told = f"{case.method} {case.formatted_path} {case.query} {case.body!r:.200}"
        if answer.status_code >= 500:
            broken.append(f"{told}: {answer.status_code}")
        elif answer.status_code >= 400 and set(answer.json()) - BESIDE != {"error"}:
            broken.append(f"{told}: {answer.text[:200]}")

    call()
