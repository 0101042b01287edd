"""Media: ids, expiring addresses, limits, links."""

import httpx
import pytest

from .simulator_tools import CUSTOMER, NUMBER, TOKEN, code_of

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def upload(simulator, content=b"\x89PNG data", mime="image/png", name="a.png"):
    return simulator.graph(
        "POST",
        f"{NUMBER}/media",
        data={"messaging_product": "whatsapp", "type": mime},
        files={"file": (name, content, mime)},
    )


def test_upload_look_up_download_send_delete(simulator):
    media_id = upload(simulator).json()["id"]
    node = simulator.graph("GET", media_id, params={"phone_number_id": NUMBER}).json()
    assert node["mime_type"] == "image/png" and node["file_size"] == 9
    assert node["messaging_product"] == "whatsapp" and len(node["sha256"]) == 64
    assert httpx.get(node["url"]).status_code == 401
    got = httpx.get(node["url"], headers=BEARER)
    assert (got.content, got.headers["content-type"]) == (b"\x89PNG data", "image/png")
    assert simulator.send({"id": media_id}, "image").status_code == 200
    assert simulator.send({"id": media_id, "filename": "a.png"}, "document").status_code == 200
    assert code_of(simulator.send({"id": media_id}, "video")) == 131053
    assert simulator.graph("DELETE", media_id).json() == {"success": True}
    assert code_of(simulator.graph("GET", media_id)) == 100
    assert code_of(simulator.send({"id": media_id}, "image")) == 131009


def test_an_address_dies_and_a_new_one_works(simulator):
    simulator.settings(media_url_seconds=0)
    media_id = simulator.write(type="image", wait=True)["message"]["image"]["id"]
    old = simulator.graph("GET", media_id).json()["url"]
    assert httpx.get(old, headers=BEARER).status_code == 404
    simulator.settings(media_url_seconds=300)
    fresh = simulator.graph("GET", media_id).json()["url"]
    assert httpx.get(fresh, headers=BEARER).content[:3] == b"\xff\xd8\xff"
    assert httpx.get(fresh[:-1] + "0", headers=BEARER).status_code in (200, 404)
    assert httpx.get(fresh.replace("hash=", "hash=x"), headers=BEARER).status_code == 404


def test_a_customers_file_is_behind_its_id(simulator):
    posted = httpx.post(
        f"{simulator.url}/_control/whatsapp/media",
        files={"file": ("bukti.txt", b"lunas", "text/plain")},
    ).json()
    message = simulator.write(type="document", media_id=posted["id"], wait=True)["message"]
    assert message["document"]["filename"] == "bukti.txt"
    url = simulator.graph("GET", posted["id"]).json()["url"]
    assert httpx.get(url, headers=BEARER).content == b"lunas"


def test_another_account_cannot_use_it(simulator):
    media_id = upload(simulator).json()["id"]
    other = simulator.control("whatsapp/accounts", {"access_token": "token-2"})
    assert code_of(simulator.graph("GET", media_id, token="token-2")) == 100
    answer = simulator.send({"id": media_id}, "image", number=other["phone_number_id"], token="token-2")
    assert code_of(answer) == 131009
    wrong = simulator.graph("GET", media_id, params={"phone_number_id": other["phone_number_id"]})
    assert code_of(wrong) == 100


@pytest.mark.parametrize(
    ("content", "mime", "code"),
    [
        (b"PK", "application/zip", 100),
        (b"", "image/png", 131053),
        (b"x" * (5 * 1024 * 1024 + 1), "image/jpeg", 131053),
        (b"x" * (500 * 1024 + 1), "image/webp", 131053),
    ],
)
def test_type_and_size_limits(simulator, content, mime, code):
    assert code_of(upload(simulator, content, mime)) == code


def test_largest_allowed_image(simulator):
    assert upload(simulator, b"x" * (5 * 1024 * 1024), "image/jpeg").status_code == 200


def test_links_are_fetched_or_the_message_fails(simulator, receiver):
    good = f"{simulator.url}/static/icon.svg"  # reachable, but no image that WhatsApp takes
    assert simulator.send({"link": good}, "image").status_code == 200
    status = receiver.values(1)[0]["statuses"][0]
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131053)
    simulator.idle()
    receiver.posts.clear()
    assert simulator.send({"link": good, "filename": "i.svg"}, "document").status_code == 200
    assert receiver.statuses_told(2) == ["sent", "delivered"]
    content = simulator.server.providers["whatsapp"].state.sent[-1].content
    assert content["id"].isdigit()
    assert simulator.sent()[-1]["payload"]["document"] == {"link": good, "filename": "i.svg"}


def test_media_address_in_the_webhook_on_demand(simulator, receiver):
    simulator.settings(media_url_in_webhook=True)
    simulator.control("whatsapp/messages", {"from": CUSTOMER, "type": "audio", "wait": True})
    url = receiver.values(1)[0]["messages"][0]["audio"]["url"]
    assert httpx.get(url, headers=BEARER).content[:4] == b"OggS"


def test_accounts_made_after_a_reset_have_media_too(simulator):
    simulator.server.reset()
    made = simulator.control("whatsapp/accounts", {"phone_number_id": "77001", "access_token": "t-77001"})
    assert made["phone_number_id"] == "77001"
    bearer = {"Authorization": "Bearer t-77001"}
    answer = httpx.post(
        f"{simulator.url}/meta/v24.0/77001/media",
        data={"messaging_product": "whatsapp", "type": "image/png"},
        files={"file": ("a.png", b"\x89PNG data", "image/png")},
        headers=bearer,
    )
    node = httpx.get(f"{simulator.url}/meta/v24.0/{answer.json()['id']}", headers=bearer)
    assert node.json()["mime_type"] == "image/png"
