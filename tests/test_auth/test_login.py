"""Logging in and out, as browsers and programs do it."""

from tests.factories import PASSWORD


def test_a_program_logs_in_and_sees_itself(client, make):
    person = make.person(make.organization("Toko Melati"), "admin", password=PASSWORD)

    answer = client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert answer.json["csrf_token"]
    me = client.get("/api/app/me").json
    assert (me["email"], me["organization"]["name"]) == (person.email, "Toko Melati")


def test_a_wrong_password_and_an_unknown_address_answer_alike(client, make):
    person = make.person(make.organization(), "agent", password=PASSWORD)

    wrong = client.post("/api/auth/login", json={"email": person.email, "password": "salah-benar"})
    unknown = client.post("/api/auth/login", json={"email": "x@contoh.test", "password": "salah"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json == unknown.json
    assert wrong.json["error"]["code"] == "wrong_credentials"
