"""The webhook bodies of WhatsApp."""

from cloudchat.simulators.whatsapp.state import Account


def change(account: Account, field: str = "messages", **value) -> dict:
    """One item of `changes`, with the metadata of the number."""
    return {
        "field": field,
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": account.digits,
                "phone_number_id": account.phone_number_id,
            },
            **value,
        },
    }


def envelope(*entries: tuple[Account, dict]) -> dict:
    """A whole body: changes of one WABA in a row share an entry, as Meta batches them."""
    body: dict = {"object": "whatsapp_business_account", "entry": []}
    for account, item in entries:
        if not body["entry"] or body["entry"][-1]["id"] != account.waba_id:
            body["entry"].append({"id": account.waba_id, "changes": []})
        body["entry"][-1]["changes"].append(item)
    return body
