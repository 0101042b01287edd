"""What a failed Facebook login or page connection means: cause, what to do, where to read more.

The order matters. `type` is `OAuthException` for nearly everything that Graph refuses, so it is looked
at last; a code says more, and a subcode still more.
"""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80100)})
SCOPE = re.compile(r"(pages_[a-z_]+|business_management|instagram_[a-z_]+)")

# Links that may grow old; an installation can replace each (`FACEBOOK_HELP_URLS`).
HELP_URLS = {
    "H1": "https://www.facebook.com/settings?tab=business_tools",
    "H2": "https://www.facebook.com/business/help/",
    "H3": "https://business.facebook.com/latest/settings/",
    "H4": "https://developers.facebook.com/docs/graph-api/overview/rate-limiting/",
    "H5": "https://metastatus.com/",
    "H6": "https://developers.facebook.com/documentation/business-messaging/messenger-platform/"
    "conversation-routing",
    "facebook": "https://www.facebook.com",
}

# machine word (its sentence is in `messages`) -> (what to do, key of the help link)
HELPS: dict[str, tuple[str, str | None]] = {
    "fb_cancelled": ("grant_permission", "H1"),
    "fb_state": ("reauth", None),
    "fb_temporary": ("retry_later", "H5"),
    "fb_app_config": ("contact_support", None),
    "fb_capability": ("contact_support", None),
    "fb_throttled": ("retry_later", "H4"),
    "fb_permission_missing": ("grant_permission", "H1"),
    "fb_page_restricted": ("contact_support", "H3"),
    "fb_other_app": ("none", "H6"),
    "fb_code_used": ("reauth", None),
    "fb_page_unknown": ("select_page", "H2"),
    "fb_bad_request": ("contact_support", None),
    "fb_session": ("reauth", "H1"),
    "fb_token": ("reauth", "H1"),
    "fb_role_low": ("grant_permission", "H2"),
    "fb_app_removed": ("reauth", "H1"),
    "fb_checkpoint": ("reauth", "facebook"),
    "fb_password": ("reauth", "H1"),
    "fb_expired": ("reauth", "H1"),
    "fb_unconfirmed": ("reauth", "facebook"),
    "fb_logged_out": ("reauth", "H1"),
    "fb_no_role": ("grant_permission", "H2"),
    "fb_not_in_bm": ("link_to_bm", "H3"),
    "fb_page_permissions": ("grant_permission", "H1"),
    "fb_person": ("none", None),
    "fb_policy": ("contact_support", "H3"),
    "fb_two_factor": ("link_to_bm", "H3"),
    "fb_bm_has_page": ("none", "H3"),
    "fb_claim_admin": ("link_to_bm", "H2"),
    "fb_bm_import": ("link_to_bm", "H3"),
    "fb_no_pages": ("link_to_bm", "H3"),
    "fb_page_task": ("grant_permission", "H2"),
    "fb_not_subscribed": ("retry_later", None),
    "fb_unknown": ("contact_support", "support"),
}
_TOKEN_SUBCODES = {
    458: "fb_app_removed",
    459: "fb_checkpoint",
    460: "fb_password",
    463: "fb_expired",
    464: "fb_unconfirmed",
    467: "fb_logged_out",
    492: "fb_no_role",
}
_BUSINESS = {415: "fb_two_factor", 3944: "fb_bm_has_page", 3977: "fb_claim_admin", 3982: "fb_bm_import"}
_MESSAGING = {2018278, 2534022, 2018065, 2018108}  # of a conversation, not of the connection


@dataclass(frozen=True)
class Failure:
    """What went wrong, as plain values that may be kept and shown: there is never a token in it.

    own: our own word, where the failure is not one of Graph's. step: where it happened.
    """

    own: str | None = None
    code: int | None = None
    subcode: int | None = None
    type: str | None = None
    message: str = ""
    trace_id: str | None = None
    transient: bool = False
    http: int | None = None
    retry_after: int | None = None
    step: str = ""

    def plain(self) -> dict[str, Any]:
        """For a JSON column."""
        return asdict(self)

    @classmethod
    def read(cls, kept: dict) -> "Failure":
        """What `plain` made."""
        names = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in kept.items() if key in names})


@dataclass(frozen=True)
class Help:
    """What a person is told: a machine word, an action, the key of a link."""

    word: str
    action: str
    link: str | None


def explain(failure: Failure) -> Help:
    """The help for a failure; the first rule that fits wins."""
    word = next(word for word in (rule(failure) for rule in _RULES) if word)
    return Help(word, *HELPS[word])


def _own(failure: Failure) -> str | None:
    return failure.own


def _no_answer(failure: Failure) -> str | None:
    """A 5xx without a code is no answer at all."""
    return "fb_temporary" if failure.code is None and (failure.http or 0) >= 500 else None


def _throttled(failure: Failure) -> str | None:
    return "fb_throttled" if failure.code in THROTTLED else None


def _transient(failure: Failure) -> str | None:
    if (failure.code == 1 and "client secret" in failure.message.lower()) or failure.code == 101:
        return "fb_app_config"
    if failure.code == 3:
        return "fb_capability"
    return "fb_temporary" if failure.code in (1, 2) or failure.transient else None


def _policy(failure: Failure) -> str | None:
    if failure.code in (368, 3980):
        return "fb_policy"
    return _TOKEN_SUBCODES[failure.subcode] if failure.subcode in (459, 464) else None


def _token(failure: Failure) -> str | None:
    if failure.code not in (102, 190):
        return None
    if failure.subcode in _TOKEN_SUBCODES:
        return _TOKEN_SUBCODES[failure.subcode]
    if failure.code == 102:
        return "fb_session"
    impersonating = "before impersonating a user's page" in failure.message.lower()
    return "fb_role_low" if impersonating else "fb_token"


def _parameter(failure: Failure) -> str | None:
    if failure.code != 100:
        return None
    if failure.subcode in (36009, 36007):
        return "fb_code_used"
    return "fb_page_unknown" if failure.subcode == 33 else "fb_bad_request"


def _permission(failure: Failure) -> str | None:
    if failure.code != 10:
        return None
    if failure.subcode == 2018300:
        return "fb_other_app"
    if failure.subcode == 1893063:
        return "fb_page_restricted"
    return "fb_person" if failure.subcode in _MESSAGING else "fb_permission_missing"


def _business(failure: Failure) -> str | None:
    if failure.code in _BUSINESS:
        return _BUSINESS[failure.code]
    if failure.subcode == 1545041 or failure.code == 551:
        return "fb_person"
    if failure.code != 200:
        return None
    names_scope = SCOPE.search(failure.message) and "permission" in failure.message.lower()
    return "fb_page_permissions" if names_scope else "fb_not_in_bm"


def _page_permissions(failure: Failure) -> str | None:
    return "fb_page_permissions" if failure.code is not None and 201 <= failure.code <= 299 else None


def _by_type(failure: Failure) -> str | None:
    """Only now: without a code it means that the login or the token is over."""
    return "fb_token" if failure.code is None and failure.type == "OAuthException" else None


def _anything(_failure: Failure) -> str:
    return "fb_unknown"


_RULES = (
    _own,
    _no_answer,
    _throttled,
    _transient,
    _policy,
    _token,
    _parameter,
    _permission,
    _business,
    _page_permissions,
    _by_type,
    _anything,
)
