"""The Graph nodes of a business number and of its WABA."""

from flask import request

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, bad_token, select_fields, unknown_object
from cloudchat.simulators.meta.webhooks import Deliverer
from cloudchat.simulators.whatsapp.state import Account, State

PHONE_FIELDS = ("verified_name", "display_phone_number", "quality_rating")


def phone_node(account: Account) -> dict:
    """Every field of a phone number that can be asked for."""
    return {
        "id": account.phone_number_id,
        "verified_name": account.verified_name,
        "display_phone_number": account.display_phone_number,
        "quality_rating": account.quality_rating,
        "code_verification_status": "VERIFIED",
        "platform_type": "CLOUD_API",
        "name_status": "APPROVED",
        "status": "CONNECTED",
        "account_mode": "LIVE",
        "throughput": {"level": "HIGH" if account.mps > 80 else "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "messaging_limit_tier": "TIER_2K",
    }


class Accounts:
    """`GET /{phone_number_id}`, `/{waba_id}`, `/phone_numbers`, `/subscribed_apps`."""

    def __init__(self, state: State, deliverer: Deliverer):
        self._state = state
        self._deliverer = deliverer

    def register(self, graph) -> None:
        graph.kind("phone", self._find_phone, self._state.authorize)
        if self._state.world.gives_numbers:
            graph.stranger = self.give
        graph.kind("waba", self._find_waba, self._authorize_waba)
        graph.edge("phone", "GET")(self._phone)
        graph.edge("waba", "GET")(self._waba)
        graph.edge("waba", "GET", "phone_numbers")(self._phone_numbers)
        graph.edge("waba", "GET", "subscribed_apps")(self._subscriptions)
        graph.edge("waba", "POST", "subscribed_apps")(self._subscribe)
        graph.edge("waba", "DELETE", "subscribed_apps")(self._unsubscribe)

    def give(self, node_id: str, edge: str, token: str) -> None:
        """A new number for a token that opens nothing yet, or the WABA that it says it is in."""
        if not (node_id.isascii() and node_id.isdigit()):
            return
        given = [one for one in self._state.accounts.values() if one.access_token == token]
        if not given and not edge:
            shown = f"+62 812-{int(node_id) % 10**8:08d}"
            self._state.save_account(Account(node_id, "", shown, "Toko Coba", token))
        elif given and edge == "phone_numbers" and not given[0].waba_id:
            given[0].waba_id = node_id

    def _find_phone(self, phone_number_id: str) -> Account | None:
        return self._state.accounts.get(phone_number_id)

    def _find_waba(self, waba_id: str) -> str | None:
        return waba_id if self._state.waba_accounts(waba_id) else None

    def _authorize_waba(self, waba_id: str, token: str) -> None:
        """The token of any of its numbers opens a WABA; an expired one says so."""
        numbers = self._state.waba_accounts(waba_id)
        for account in numbers:
            if account.access_token == token:
                return self._state.authorize(account, token)
        if self._state.token_known(token):
            raise unknown_object(waba_id)
        raise bad_token()

    def _phone(self, call: Call) -> dict:
        return select_fields(phone_node(call.node), PHONE_FIELDS, "WhatsAppBusinessPhoneNumber")

    def _waba(self, call: Call) -> dict:
        name = self._state.waba_accounts(call.node)[0].verified_name
        node = {
            "id": call.node,
            "name": name,
            "timezone_id": "42",
            "currency": "IDR",
            "message_template_namespace": f"ns_{call.node}",
            "account_review_status": "APPROVED",
        }
        return select_fields(node, ("name", "timezone_id"), "WhatsAppBusinessAccount")

    def _phone_numbers(self, call: Call) -> dict:
        numbers = self._state.waba_accounts(call.node)
        data = [
            select_fields(phone_node(account), PHONE_FIELDS, "WhatsAppBusinessPhoneNumber")
            for account in numbers
        ]
        return {"data": data, "paging": {"cursors": {"before": "MAZDZD", "after": "MAZDZD"}}}

    def _subscriptions(self, call: Call) -> dict:
        if call.node in self._state.unsubscribed:
            return {"data": []}
        app = {
            "id": self._deliverer.options.app_id,
            "name": "CloudChat",
            "link": "https://cloudchat.test/",
        }
        entry = {"whatsapp_business_api_data": app}
        if override := self._state.callbacks.get(call.node):
            entry["override_callback_uri"] = override
        return {"data": [entry]}

    def _subscribe(self, call: Call) -> dict:
        """Subscribe the app; an `override_callback_uri` is verified first, as by Meta."""
        fields = {**request.args.to_dict(), **call.body}
        if override := fields.get("override_callback_uri"):
            checked = self._deliverer.handshake(override, fields.get("verify_token"))
            if not checked["ok"]:
                raise GraphError(
                    2200, message="(#2200) Callback verification failed with the following errors: "
                    f"HTTP Status Code = {checked.get('status', 0)}"
                )  # fmt: skip
            self._state.callbacks[call.node] = override
        else:
            self._state.callbacks.pop(call.node, None)
        self._state.unsubscribed.discard(call.node)
        self._state.changed()
        return {"success": True}

    def _unsubscribe(self, call: Call) -> dict:
        self._state.unsubscribed.add(call.node)
        self._state.callbacks.pop(call.node, None)
        self._state.changed()
        return {"success": True}
