"""The screens of an organization's people: users and their invitations."""

from flask import flash, make_response, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField
from wtforms.validators import NumberRange

from admin.base import ScopedModelView
from admin.filters import ChoiceFilter
from admin.forms import at_most, needed, text_field
from cloudchat import config
from cloudchat.errors import Conflict
from cloudchat.models import Invitation, User
from cloudchat.services import accounts, mailing, members
from cloudchat.services.accounts import resets, second_factor
from cloudchat.web import me

ROLES = {
    "admin": ("accent", _l("Admin"), "shield-check"),
    "manager": ("blue", _l("Manager"), "user-cog"),
    "agent": ("", _l("Agent"), "headset"),
}
ROLE_CHOICES = [("agent", _l("Agent")), ("manager", _l("Manager")), ("admin", _l("Admin"))]
ROLE_HELP = _l(
    "Agents answer their own conversations and those of their divisions. Managers see all "
    "conversations and reports. Admins set everything up."
)
PRESENCE = {
    "online": ("green", _l("Online"), "circle-check"),
    "busy": ("amber", _l("Busy"), "clock"),
    "offline": ("", _l("Offline"), "circle-dot"),
}

INVITATION_STATES = {
    "open": ("green", _l("Open"), "circle-check"),
    "expired": ("amber", _l("Expired"), "clock"),
}


def role_choices() -> list[tuple[str, str]]:
    return [(role, str(text[1])) for role, text in ROLES.items()]


class UserView(ScopedModelView):
    """Everybody who logs in for this organization."""

    can_edit = can_export = True
    list_template = "admin/users.html"
    edit_template = "admin/user_form.html"
    icon = "users"
    lead = _l("Everybody who works here. New people come by invitation.")
    search_label = _l("Search name or email")
    column_list = (
        "name",
        "email",
        "role",
        "is_active",
        "availability",
        "capacity",
        "last_seen_at",
        "created_at",
    )
    column_export_list = ("name", "email", "role", "is_active", "capacity", "last_seen_at")
    column_labels = {
        "name": _l("Name"),
        "email": _l("Email"),
        "role": _l("Role"),
        "is_active": _l("Active"),
        "availability": _l("Availability"),
        "capacity": _l("Capacity"),
        "last_seen_at": _l("Last seen"),
        "created_at": _l("Joined"),
    }
    column_kinds = {
        "name": "person",
        "role": "badge",
        "is_active": "yes",
        "availability": "badge",
        "capacity": "number",
        "last_seen_at": "time",
        "created_at": "time",
    }
    columns_hidden_first = ("created_at",)
    column_texts = {"role": ROLES, "availability": PRESENCE}
    column_sortable_list = ("name", "email", "role", "is_active", "capacity", "last_seen_at", "created_at")
    column_searchable_list = ("name", "email")
    column_default_sort = "name"
    column_filters = (
        ChoiceFilter("role", User.role, _l("Role"), role_choices),
        ChoiceFilter(
            "active",
            User.is_active,
            _l("State"),
            lambda: [("yes", _("Active")), ("no", _("Deactivated"))],
            lambda value: User.is_active.is_(value == "yes"),
        ),
    )
    form_fields = {
        "name": text_field(
            _l("Name"), needed(), at_most(255), description=_l("Customers and colleagues see it.")
        ),
        "role": SelectField(_l("Role"), [needed()], choices=ROLE_CHOICES, description=ROLE_HELP),
        "capacity": IntegerField(
            _l("Capacity"),
            [
                needed(),
                NumberRange(0, members.MAX_CAPACITY, _l("Choose a whole number from 0 to 1,000.")),
            ],
            description=_l("How many open conversations the queue gives at most at a time."),
        ),
    }
    bulk_actions = (
        (
            "deactivate",
            _l("Deactivate"),
            _l("Deactivate {names}? They are logged out at once; their conversations stay assigned."),
            "danger",
        ),
        ("reactivate", _l("Reactivate"), _l("Let {names} log in again?"), ""),
    )

    def __init__(self):
        super().__init__(User, name=_l("Users"), url="users")

    def render(self, template, **kwargs):
        if kwargs.get("model") is not None:
            kwargs["second_factor"] = second_factor.state(kwargs["model"].id)
        return super().render(template, open_invitations=len(members.open_invitations()), **kwargs)

    def change(self, row, values):
        return members.change(row.id, values)

    def field_of(self, form, name):
        return "role" if name == "last_admin" else name

    def perform(self, action, row):
        if action == "reactivate":
            return accounts.reactivate(row.id)
        if row.id == me().user_id:
            raise Conflict("own_account", code="own_account")
        return accounts.deactivate(row.id)

    @expose("/second-factor/", methods=("POST",))
    def second_factor_view(self):
        """Help for somebody who has lost the phone and the recovery codes."""
        row = self.get_one(request.form.get("id"))
        if row.id == me().user_id:
            raise Conflict("own_account", code="own_second_factor")
        if self.attempted(lambda: second_factor.reset(row.id)):
            flash(_("The two-factor login of %(name)s is reset.", name=row.name), "success")
        return redirect(self.get_url(".edit_view", id=row.id))

    @expose("/password/", methods=("POST",))
    def password_view(self):
        """A link for a new password, to hand over; shown this once."""
        row = self.get_one(request.form.get("id"))
        page = self.render(
            "admin/secret.html",
            secret=resets.make_link(row.id, me().author_id),
            secret_title=_("A link for a new password"),
            secret_text=_(
                "Send this link to %(name)s. It is good for one hour, once, and is shown only now.",
                name=row.name,
            ),
            done_url=self.get_url(".edit_view", id=row.id),
        )
        return make_response(page, 201)

    @expose("/sessions/", methods=("POST",))
    def sessions_view(self):
        """Log somebody out everywhere: a phone was lost, a browser left open."""
        row = self.get_one(request.form.get("id"))
        keep = me().session_id if row.id == me().user_id else None
        members.end_other_sessions(row.id, keep)
        flash(_("%(name)s is logged out everywhere.", name=row.name), "success")
        return redirect(self.get_url(".edit_view", id=row.id))

    @expose("/active/", methods=("POST",))
    def active_view(self):
        """Deactivate or reactivate one user, from the user's own page."""
        row = self.get_one(request.form.get("id"))
        action = "reactivate" if request.form.get("active") == "yes" else "deactivate"
        if self.attempted(lambda: self.perform(action, row)):
            text = _("%(name)s can log in again.") if row.is_active else _("%(name)s was deactivated.")
            flash(text % {"name": row.name}, "success")
        return redirect(self.get_url(".edit_view", id=row.id))


class InvitationView(ScopedModelView):
    """Links by which people join; each link is shown once, when it is made."""

    can_create = can_delete = can_view_details = True
    details_template = "admin/invitation.html"
    icon = "user-plus"
    section = "user.index_view"
    lead = _l("Whoever opens the link chooses a password and is in. A link is good for 7 days, once.")
    empty_title = _l("No open invitations")
    empty_text = _l("Invite a colleague: you get a link to send, by mail or chat.")
    create_label = _l("Invite somebody")
    submit_label = _l("Make the link")
    delete_label = _l("Revoke")
    search_label = _l("Search name or email")
    column_list = ("email", "name", "role", "state", "created_at", "expires_at")
    column_details_list = column_list
    column_labels = {
        "email": _l("Email"),
        "name": _l("Name"),
        "role": _l("Role"),
        "state": _l("State"),
        "created_at": _l("Invited"),
        "expires_at": _l("Expires"),
    }
    column_kinds = {"role": "badge", "state": "badge", "created_at": "time", "expires_at": "time"}
    column_texts = {"role": ROLES, "state": INVITATION_STATES}
    column_sortable_list = ("email", "name", "created_at", "expires_at")
    column_searchable_list = ("email", "name")
    column_default_sort = ("created_at", True)
    form_fields = {
        "email": text_field(_l("Email"), needed(), at_most(255)),
        "name": text_field(_l("Name"), at_most(255), description=_l("The invited person can change it.")),
        "role": SelectField(
            _l("Role"), [needed()], choices=ROLE_CHOICES, default="agent", description=ROLE_HELP
        ),
    }
    bulk_actions = (
        (
            "delete",
            _l("Revoke"),
            _l("Revoke these invitations: {names}? Their links stop working."),
            "danger",
        ),
    )

    def __init__(self):
        super().__init__(Invitation, name=_l("Invitations"), url="invitations")

    def _open(self, query):
        """Also those that have expired: they can be sent again."""
        return query.filter(Invitation.accepted_at.is_(None))

    def get_query(self):
        return self._open(super().get_query())

    def get_count_query(self):
        return self._open(super().get_count_query())

    def create(self, values):
        return accounts.invite(values["email"], values["name"] or "", values["role"], me().author_id)

    def created(self, made):
        return self._link_page(made, request.form.get("email", ""))

    def _link_page(self, token, email):
        if mailing.can_send():
            text = _(
                "The link is on its way to %(email)s by mail. You can also send it yourself; it is shown "
                "only now.",
                email=email,
            )
        else:
            text = _(
                "Send this link to %(email)s. It is shown only now; if it is lost, invite again.", email=email
            )
        link = f"{config.active().public_url}/invitation/{token}"
        title = _("The invitation is ready")
        page = self.render("admin/secret.html", secret=link, secret_title=title, secret_text=text)
        return make_response(page, 201)

    @expose("/resend/", methods=("POST",))
    def resend_view(self):
        """A new link for an invitation that was lost or has expired."""
        row = self.get_one(request.form.get("id"))
        made = []
        if not self.attempted(lambda: made.append(accounts.resend_invitation(row.id))):
            return redirect(self.get_url(".details_view", id=row.id))
        return self._link_page(made[0], row.email)

    def remove(self, row):
        members.revoke_invitation(row.id)

    def row_name(self, row):
        return row.email

    def delete_question(self, row):
        return _("Revoke the invitation of %(email)s? Its link stops working.", email=row.email)

    def removed_text(self, name):
        return _("The invitation was revoked.")
