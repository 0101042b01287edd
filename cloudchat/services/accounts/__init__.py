"""Users, their passwords, sessions, API tokens and invitations."""

from cloudchat.models.users import ROLES, SCOPES
from cloudchat.services.accounts.identity import ANY_SCOPE, Identity, OrganizationFacts, check_still
from cloudchat.services.accounts.invitations import (
    accept_invitation,
    find_invitation,
    invitation_organization,
    invite,
)
from cloudchat.services.accounts.invitations import resend as resend_invitation
from cloudchat.services.accounts.logins import log_in, password_mark
from cloudchat.services.accounts.passwords import check_new_password
from cloudchat.services.accounts.sessions import (
    SESSION_LIFETIME,
    end_other_sessions,
    end_session,
    identify_session,
    start_session,
    touch_sessions,
    verify_login,
)
from cloudchat.services.accounts.sessions import is_alive as session_is_alive
from cloudchat.services.accounts.tokens import (
    create_api_token,
    identify_token,
    is_of_inactive_organization,
    rename_api_token,
    revoke_api_token,
    token_organization,
)
from cloudchat.services.accounts.tokens import is_alive as token_is_alive
from cloudchat.services.accounts.users import (
    change_password,
    check_email,
    check_role,
    create_user,
    deactivate,
    find_by_email,
    get_user,
    reactivate,
    set_locale,
    set_role,
)

__all__ = [
    "ANY_SCOPE",
    "ROLES",
    "SCOPES",
    "SESSION_LIFETIME",
    "Identity",
    "OrganizationFacts",
    "accept_invitation",
    "change_password",
    "check_email",
    "check_new_password",
    "check_role",
    "check_still",
    "create_api_token",
    "create_user",
    "deactivate",
    "end_other_sessions",
    "end_session",
    "find_by_email",
    "find_invitation",
    "get_user",
    "identify_session",
    "identify_token",
    "invitation_organization",
    "invite",
    "is_of_inactive_organization",
    "log_in",
    "password_mark",
    "reactivate",
    "rename_api_token",
    "resend_invitation",
    "revoke_api_token",
    "session_is_alive",
    "set_locale",
    "set_role",
    "start_session",
    "token_is_alive",
    "token_organization",
    "touch_sessions",
    "verify_login",
]
