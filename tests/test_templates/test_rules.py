"""Meta's rules, asked before Meta is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.errors import Invalid
from cloudchat.models import MetaTemplate
from cloudchat.services.meta_templates import filling, rules
from tests.test_templates.conftest import BODY, SAMPLES, parts

QUICK = {"type": "QUICK_REPLY", "text": "Ya"}
PHONE = {"type": "PHONE_NUMBER", "text": "Telepon", "phone_number": "+62 811-1111-111"}
URL = {"type": "URL", "text": "Buka", "url": "https://toko.example/o/{{1}}", "example": ["INV-1"]}


def draft(components=None, **values):
    given = {"name": "pesanan_1", "language": "id", "category": "utility"}
    return rules.checked({**given, "components": components or parts(), **values})


def faults(components=None, **values) -> dict:
    with pytest.raises(Invalid) as caught:
        draft(components, **values)
    return caught.value.fields


def buttons(*items):
    return {"type": "BUTTONS", "buttons": list(items)}


def quick(*labels):
    return [{"type": "QUICK_REPLY", "text": label} for label in labels]


def header(**fields):
    return {"type": "HEADER", "format": "TEXT", **fields}


def test_metas_own_example_passes_and_comes_back_in_one_spelling():
    made = draft(
        [
            {"type": "header", "format": "text", "text": "Pesanan {{1}}", "example": {"header_text": ["A"]}},
            {"type": "body", "text": BODY, "example": SAMPLES},
            {"type": "footer", "text": "CloudChat"},
            {"type": "buttons", "buttons": [*quick("Lacak"), URL, PHONE]},
        ],
        language="en-us",
    )
    assert (made.language, made.category, made.parameter_format) == ("en_US", "UTILITY", "POSITIONAL")
    assert [part["type"] for part in made.components] == ["HEADER", "BODY", "FOOTER", "BUTTONS"]
    assert made.components[3]["buttons"][2]["phone_number"] == "+628111111111"


BAD = {
    "name": ({"name": "Bad Name"}, "name", "template_name_invalid"),
    "category": ({"category": "SPAM"}, "category", "unknown"),
    "language": ({"language": "bahasa"}, "language", "template_language_invalid"),
    "no body": ({"components": [header(text="a")]}, "body", "required"),
    "long body": ({"components": parts("a" * 1025)}, "body", "too_long"),
    "begins with a variable": (
        {"components": parts("{{1}} sudah dikirim", {"body_text": [["x"]]})},
        "body",
        "variable_at_edge",
    ),
    "side by side": (
        {"components": parts("a {{1}} {{2}} b", {"body_text": [["x", "y"]]})},
        "body",
        "variables_adjacent",
    ),
    "gap": (
        {"components": parts("a {{1}} b {{3}} c", {"body_text": [["x", "y"]]})},
        "body",
        "variables_order",
    ),
    "half a brace": ({"components": parts("halo {{nama}, apa kabar")}, "body", "variable_syntax"),
    "mixed": (
        {"components": parts("a {{1}} b {{nama}} c")},
        "body",
        "variables_named",
    ),
    "no sample": (
        {"components": [{"type": "BODY", "text": "a {{1}} b"}]},
        "body.example.1",
        "example_needed",
    ),
    "two in a header": (
        {"components": [header(text="{{1}} {{2}}"), *parts()]},
        "header",
        "header_one_variable",
    ),
    "no file": (
        {"components": [{"type": "HEADER", "format": "IMAGE"}, *parts()]},
        "header.example",
        "header_file_needed",
    ),
    "variable in a footer": (
        {"components": parts(BODY, None, {"type": "FOOTER", "text": "a {{1}} b"})},
        "footer",
        "variables_not_here",
    ),
    "button order": (
        {"components": parts(BODY, None, buttons(*quick("A"), PHONE, *quick("B")))},
        "buttons",
        "buttons_order",
    ),
    "two phones": (
        {"components": parts(BODY, None, buttons(PHONE, PHONE))},
        "buttons",
        "buttons_phone_number",
    ),
    "eleven": (
        {"components": parts(BODY, None, buttons(*quick(*map(str, range(11)))))},
        "buttons",
        "buttons_too_many",
    ),
    "variable inside an address": (
        {"components": parts(BODY, None, buttons({**URL, "url": "https://a.example/{{1}}/b"}))},
        "buttons.0.url",
        "url_variable_place",
    ),
    "script address": (
        {"components": parts(BODY, None, buttons({**URL, "url": "javascript:alert(1)"}))},
        "buttons.0.url",
        "template_url_invalid",
    ),
    "long label": (
        {"components": parts(BODY, None, buttons(*quick("a" * 26)))},
        "buttons.0.text",
        "too_long",
    ),
    "two bodies": ({"components": [*parts(), *parts()]}, "body", "named_twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_rule_names_its_field(name):
    values, field, code = BAD[name]
    assert code in faults(**values).get(field, [])


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["type", "text", "format", "example", "buttons", "url", "body_text"]), x
            )
        ),
    )
)
@settings(max_examples=60, deadline=None)
def test_nonsense_is_refused_and_never_an_accident(value):
    try:
        rules.checked({"name": value, "language": value, "category": value, "components": value})
    except Invalid as error:
        assert error.fields


# --- filling -----------------------------------------------------------------------------------


def template(components, **values) -> MetaTemplate:
    made = draft(components, **values)
    return MetaTemplate(**made.body())


def test_filling_makes_what_metas_send_call_takes():
    row = template(
        [
            header(text="Pesanan {{1}}", example={"header_text": ["A"]}),
            *parts(),
            {"type": "FOOTER", "text": "Toko"},
            buttons(*quick("Lacak"), URL),
        ]
    )
    assert [field["key"] for field in filling.fields_of(row)] == ["header.1", "1", "2", "button.1"]
    filled = filling.fill(row, {"header.1": "INV-9", "1": "Sari", "2": 9, "button.1": "INV-9"})
    assert filled.text == "Halo Sari, pesanan 9 sudah kami kirim hari ini. Terima kasih banyak."
    assert filled.payload == {
        "name": "pesanan_1",
        "language": {"code": "id"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "INV-9"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Sari"}, {"type": "text", "text": "9"}]},
            {
                "type": "button",
                "sub_type": "url",
                "index": "1",
                "parameters": [{"type": "text", "text": "INV-9"}],
            },
        ],
    }
    assert filled.shown()["buttons"][1]["url"] == "https://toko.example/o/INV-9"


def test_named_ones_carry_their_names_and_values_stay_literal():
    named = {"body_text_named_params": [{"param_name": "nama", "example": "Budi"}]}
    row = template(parts("Hai {{nama}}, kami punya kabar baik.", named))
    filled = filling.fill(row, {"nama": "{{nama}}\n {division.__class__} ${}"})
    assert filled.text == "Hai {{nama}} {division.__class__} ${}, kami punya kabar baik."
    assert filled.payload["components"][0]["parameters"][0]["parameter_name"] == "nama"


def test_missing_values_are_named():
    with pytest.raises(Invalid) as caught:
        filling.fill(template(parts()), {"1": " "})
    assert caught.value.fields == {"variables.1": ["required"], "variables.2": ["required"]}


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1/a.png", "http://[::1]/a", "http://169.254.169.254/", "file:///etc/passwd"]
)
def test_a_header_takes_no_address_of_a_private_network(link):
    row = template(
        [{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}}, *parts("Halo semua.")]
    )
    with pytest.raises(Invalid) as caught:
        filling.fill(row, {"header": {"link": link}})
    assert caught.value.fields == {"variables.header": ["address_refused"]}
    sent = filling.fill(row, {"header": {"id": "123"}}).payload["components"]
    assert sent == [{"type": "header", "parameters": [{"type": "image", "image": {"id": "123"}}]}]
