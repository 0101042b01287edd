"""Users, their passwords, sessions, API tokens and invitations."""

from cloudchat.models.users import ROLES
from cloudchat.services.accounts.identity import Identity, OrganizationFacts, check_still
from cloudchat.services.accounts.invitations import (
    accept_invitation,
    find_invitation,
    invitation_organization,
    invite,
)
from cloudchat.services.accounts.passwords import check_new_password
from cloudchat.services.accounts.sessions import (
    SESSION_LIFETIME,
    end_other_sessions,
    end_session,
    identify_session,
    start_session,
    touch_session,
    verify_login,
)
from cloudchat.services.accounts.tokens import (
    create_api_token,
    identify_token,
    is_of_inactive_organization,
    revoke_api_token,
    token_organization,
)
from cloudchat.services.accounts.users import (
    change_password,
    check_email,
    check_role,
    create_user,
    deactivate,
    get_user,
    reactivate,
    set_locale,
    set_role,
)

__all__ = [
    "ROLES",
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
    "find_invitation",
    "get_user",
    "identify_session",
    "identify_token",
    "invitation_organization",
    "invite",
    "is_of_inactive_organization",
    "reactivate",
    "revoke_api_token",
    "set_locale",
    "set_role",
    "start_session",
    "token_organization",
    "touch_session",
    "verify_login",
]
