"""The shipping cost settings and the checker, in a browser."""

import os
from pathlib import Path

import pytest

from cloudchat.clients import rajaongkir
from tests.browser.axe import serious

SHOTS = os.environ.get("ONGKIR_SHOTS")


def shot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.fixture(autouse=True)
def provider(simulator_process):
    simulator_process.providers["rajaongkir"].state.reset()
    rajaongkir.breaker.reset()


def test_from_no_key_to_an_answer_in_the_composer(sign_in, cast, make):
    page = sign_in(cast.admin, "/app/settings/ongkir")
    assert page.locator("[data-status]").inner_text().strip() == "Belum ada key"
    assert serious(page) == []
    shot(page, "empty")
    page.fill('[name="rajaongkir_api_key"]', "salah-kunci-123")
    page.click('[data-key-form] button[type="submit"]')
    page.locator("[data-status]", has_text="Tidak valid").wait_for()
    shot(page, "invalid")
    page.fill('[name="rajaongkir_api_key"]', "kunci-yang-benar-9876")
    page.click('[data-key-form] button[type="submit"]')
    page.locator("[data-status]", has_text="Aktif").wait_for()
    assert "9876" in page.content() and "kunci-yang-benar" not in page.content()
    page.click("[data-origin-change]")
    page.select_option('[name="province"]', label="DKI JAKARTA")
    page.locator('[name="city"]:enabled').wait_for()
    page.locator('[name="city"] option', has_text="JAKARTA SELATAN").wait_for(state="attached")
    page.select_option(
        '[name="city"]',
        value=page.locator('[name="city"] option', has_text="JAKARTA SELATAN").get_attribute("value"),
    )
    page.click('[data-couriers="none"]')
    page.check('[name="enabled_couriers"][value="jne"]')
    page.check('[name="enabled_couriers"][value="sicepat"]')
    page.check('[name="is_active"]')
    page.click('[data-settings-form] button[type="submit"]')
    page.locator("[data-origin-now]", has_text="JAKARTA SELATAN").wait_for()
    assert page.is_checked('[name="is_active"]') and not page.is_checked('[value="tiki"]')
    assert serious(page) == []
    shot(page, "full")
    assert page.problems == []

    talk = make.conversation(cast.organization_id, assignee_id=cast.admin.id)
    make.message(talk)
    page.goto(f"/app/inbox/{talk.id}")
    page.locator("[data-composer]").wait_for()
    page.click('[data-dialog-open="ongkir-dialog"]')
    page.fill("#ongkir-dialog [name=destination]", "Bandung")
    page.click("#ongkir-dialog button[type=submit]")
    page.locator("#ongkir-dialog .invalid-feedback").wait_for()
    page.fill("#ongkir-dialog [name=destination]", "Kota Bandung")
    page.click("#ongkir-dialog button[type=submit]")
    page.locator("#ongkir-dialog [data-checker-rows] li").first.wait_for()
    assert serious(page) == []
    shot(page, "dialog")
    page.click("#ongkir-dialog [data-checker-insert]")
    assert page.input_value("[data-composer] textarea[data-text]").startswith(
        "Ongkir Jakarta Selatan ke Kota Bandung"
    )
    assert page.problems == []

    phone = sign_in(cast.admin, "/app/settings/ongkir", width=375, dark=True)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    assert serious(phone) == []
    shot(phone, "phone-dark")
    phone.goto("/app/ongkir")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    assert serious(phone) == []
    shot(phone, "checker-phone")
