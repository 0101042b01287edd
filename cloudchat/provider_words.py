"""What Meta's numbers mean for people: why a message was not sent, or what a device died of."""

from flask_babel import lazy_gettext as _

_closed = _("The 24-hour window had closed. Send a template, or wait until the customer writes again.")
_connect = _("The device has lost its access. An admin has to connect it again.")
_locked = _("Meta has locked the account.")
_rights = _(
    "The access token lacks a permission. An admin has to connect the device again with all permissions."
)
_template = _("The template does not fit what Meta has. Fetch the templates anew, then send it again.")

REASONS = {
    "0": _connect,
    "190": _connect,
    "3": _rights,
    "10": _rights,
    "200": _rights,
    "230": _rights,
    "131005": _rights,
    "33": _("Meta does not know this account any more. An admin has to look at the device."),
    "100": _("Meta does not take the message in this form."),
    "131008": _("Meta does not take the message in this form."),
    "131009": _("Meta does not take the message in this form."),
    "368": _locked,
    "131031": _locked,
    "130472": _("Meta held the message back: this customer takes part in one of its trials."),
    "130497": _("Meta does not let this business write to customers in that country."),
    "131021": _("This is the number that sends. Choose another one."),
    "131026": _("This number cannot receive the message. It may not use WhatsApp."),
    "131030": _("A test number only reaches the numbers that were entered for it at Meta."),
    "131037": _("Meta has not approved the number's display name yet."),
    "131042": _("There is a problem with the payment method at Meta."),
    "131045": _("The number is not registered at Meta properly. An admin has to register it again."),
    "131047": _closed,
    "470": _closed,
    "131048": _("The number is limited because customers reported it as spam."),
    "131049": _("Meta held the message back, so that the customer does not get too many."),
    "131050": _("The customer does not want messages of this kind."),
    "131051": _("WhatsApp does not take messages of this kind."),
    "131052": _("The provider could not fetch the file."),
    "131053": _("The provider could not take the file. Try another format."),
    "131056": _("Too many messages to this customer in a short time."),
    "131064": _("The number has reached Meta's limit of customers it may write to first."),
    "130429": _("The number sends too many messages at the moment."),
    "132000": _template,
    "132001": _("Meta does not have this template in this language, or has not approved it."),
    "132005": _("With these values the template's text is too long."),
    "132007": _("The template breaks one of Meta's rules."),
    "132012": _template,
    "132015": _("Meta has paused this template because of low quality."),
    "132016": _("Meta has switched this template off for good because of low quality."),
    "http_timeout": _("The provider did not answer in time."),
}
