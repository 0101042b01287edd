"""The own account in a browser: two-factor login from setting up to the recovery code, a forgotten
password, and the list of browsers."""

import time

import pyotp
import pytest

from cloudchat.services.accounts import resets
from cloudchat.tenancy import acting_as
from tests import factories
from tests.browser.axe import serious

NEW = "payung biru di hujan"


@pytest.fixture
def someone(context):
    return factories.person(factories.organization(), "agent", password=factories.PASSWORD)


def fill_login(page, someone, password: str = factories.PASSWORD) -> None:
    page.goto("/login")
    page.fill("#f-email", someone.email)
    page.fill("#f-password", password)
    page.keyboard.press("Enter")


def next_code(secret: str, used: str) -> str:
    """A code that was not used: of this half minute or, one ahead of the clock, of the next."""
    totp = pyotp.TOTP(secret)
    return next(code for code in (totp.now(), totp.at(time.time() + 30)) if code != used)


def test_two_factor_login_from_setting_up_to_the_recovery_code(sign_in, open_page, someone):
    page = sign_in(someone, "/app/settings/security", width=375, height=740, dark=True)
    page.click("a[href='/app/account/two-factor']")
    assert serious(page) == []
    page.click("form[action$=begin] button")
    assert serious(page) == []
    page.click("details summary")
    secret = page.input_value("#totp-secret")
    page.fill("#f-otp", "000000")
    page.keyboard.press("Enter")
    page.locator("#f-otp-error").wait_for()
    used = pyotp.TOTP(secret).now()
    page.fill("#f-otp", used)
    page.keyboard.press("Enter")
    page.locator(".account-codes").wait_for()
    codes = page.locator(".account-codes code").all_text_contents()
    assert len(codes) == 10 and serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.click(".btn-primary")
    page.wait_for_url("**/app/inbox")
    assert page.problems == []

    there = open_page(width=375, height=740)
    fill_login(there, someone)
    there.wait_for_url("**/login/code?**")
    assert serious(there) == []
    there.fill("#f-otp", next_code(secret, used))
    there.keyboard.press("Enter")
    there.wait_for_url("**/app/inbox")

    lost = open_page()
    fill_login(lost, someone)
    lost.wait_for_url("**/login/code?**")
    lost.fill("#f-otp", codes[0])
    lost.keyboard.press("Enter")
    lost.wait_for_url("**/app/inbox")
    lost.goto("/app/account/two-factor")
    lost.get_by_text("Tersisa 9 kode").wait_for()
    assert serious(lost) == []


def test_a_forgotten_password_and_the_list_of_browsers(sign_in, open_page, someone):
    old = sign_in(someone)
    page = open_page(width=375, height=740)
    page.goto("/login")
    page.click("a[href='/password/forgot']")
    assert serious(page) == []
    with acting_as(someone.organization_id):
        link = resets.make_link(someone.id, None)
    page.goto(link)
    assert serious(page) == []
    page.fill("#f-password", "1234567890")
    page.keyboard.press("Enter")
    page.locator("#f-password-error").wait_for()
    page.fill("#f-password", NEW)
    page.keyboard.press("Enter")
    page.locator(".alert-success").wait_for()
    old.goto("/app/inbox")
    old.wait_for_url("**/login?**")

    fill_login(page, someone, NEW)
    page.wait_for_url("**/app/inbox")
    other = sign_in(someone)
    page.goto("/app/settings/security")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.locator("tbody tr").count() == 2
    page.click("tbody form[action$=end] button")
    page.locator(".alert-success").wait_for()
    assert page.locator("tbody tr").count() == 1
    other.locator("#connection a:not([hidden])").wait_for()
