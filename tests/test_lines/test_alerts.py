"""When a connection dies: the banner, the mail, and both gone when it works again."""

from cloudchat.extensions import db
from cloudchat.services import connecting, device_alerts, devices
from cloudchat.tenancy import acting_as


def test_a_dead_connection_is_told_and_a_mended_one_is_not(telegram, as_person, mail_server):
    admin, agent = as_person(telegram.cast.admin), as_person(telegram.cast.agent)
    bot = telegram.bot
    assert "device-troubles" not in admin.get("/app/devices/troubles").text
    bot.revoked = True
    telegram.receive()
    telegram.say()
    telegram.deliver()
    assert telegram.refreshed().status == "needs_reauth"
    assert telegram.device.name in admin.get("/app/devices/troubles").text
    assert "device-troubles" not in agent.get("/app/devices/troubles").text
    with acting_as(telegram.organization_id):
        assert device_alerts.tell_admins(telegram.device.id) == 1
    [mail] = mail_server.mails
    assert telegram.cast.admin.email in mail and "/admin/devices/details/" in mail
    assert telegram.token.partition(":")[2] not in mail

    bot.revoked = False
    with acting_as(telegram.organization_id):
        connecting.look_after(telegram.device.id)
        assert device_alerts.tell_admins(telegram.device.id) == 0
    assert telegram.refreshed().status == "connected"
    assert "device-troubles" not in admin.get("/app/devices/troubles").text


def test_an_unreachable_provider_is_tried_again_by_itself(telegram, simulator_process):
    with acting_as(telegram.organization_id):
        devices.mark(telegram.device.id, "disconnected", {"code": "unreachable", "message": "x"})
        db.session.commit()
        connecting.look_after(telegram.device.id)
    assert telegram.refreshed().status == "connected"
