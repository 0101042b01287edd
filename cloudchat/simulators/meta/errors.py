"""Graph API errors: the vendor's codes, titles and HTTP statuses, and the error object."""

import secrets

# code -> (HTTP status, title). Source: Meta's "Error codes" page of the Cloud API.
CODES = {
    0: (401, "We were unable to authenticate the app user"),
    1: (400, "An unknown error occurred"),
    2: (503, "Service temporarily unavailable"),
    3: (500, "Application does not have the capability to make this API call"),
    4: (400, "Application request limit reached"),
    10: (403, "Application does not have permission for this action"),
    33: (400, "The business phone number has been deleted"),
    100: (400, "Invalid parameter"),
    190: (401, "Error validating access token"),
    200: (403, "Permissions error"),
    368: (403, "Temporarily blocked for policies violations"),
    2500: (400, "Unknown path components"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Business Account locked"),
    131037: (400, "Display name approval needed"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "Message not delivered to maintain healthy ecosystem engagement"),
    131050: (400, "User has stopped receiving marketing messages from this business"),
    131051: (400, "Unsupported message type"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Business Account is in maintenance mode"),
    131064: (400, "Messaging limit reached"),
    132000: (400, "Template Param Count Mismatch"),
    132001: (404, "Template does not exist"),
    132005: (400, "Template Hydrated Text Too Long"),
    132007: (400, "Template Format Character Policy Violated"),
    132012: (400, "Template Parameter Format Mismatch"),
    132015: (400, "Template is Paused"),
    132016: (400, "Template is Disabled"),
    133016: (400, "Account register limit exceeded"),
    135000: (400, "Generic user error"),
}

DETAILS = {
    2: "Temporary downtime or overload.",
    4: "The app has reached its API call rate limit.",
    80007: "The WhatsApp Business Account has reached its rate limit.",
    130429: "Cloud API message throughput has been reached.",
    131000: "Message failed to send due to an unknown error.",
    131016: "A service is temporarily unavailable.",
    131021: "Sender and recipient phone number is the same.",
    131026: "Unable to deliver message: the recipient is not on WhatsApp, uses an old version, "
    "or has not accepted the terms.",
    131030: "Recipient phone number not in allowed list: add it to the list.",
    131042: "Message failed to send because of a problem with the payment method.",
    131047: "Message failed to send because more than 24 hours have passed since the customer last "
    "replied to this number.",
    131048: "Message failed to send because there are restrictions on how many messages can be "
    "sent from this phone number.",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131053: "Unable to upload the media used in the message.",
    131056: "Message failed to send because there were too many messages sent from this phone "
    "number to the same phone number in a short period of time.",
}
TRANSIENT = {1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057}
SUBCODES = {130429: 2494055, 131008: 2494010, 131009: 2494010}
HELP = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class GraphError(Exception):
    """A refusal in Graph's own shape. `message` replaces the one made from code and title."""

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        message: str | None = None,
        subcode: int | None = None,
        http: int | None = None,
    ):
        status, title = CODES.get(code, (400, "Unknown error"))
        self.code, self.title = code, title
        self.http = http or status
        self.message = message or f"(#{code}) {title}"
        self.details = details or DETAILS.get(code)
        self.subcode = subcode or SUBCODES.get(code)
        super().__init__(self.message)

    def body(self) -> dict:
        """The answer's JSON."""
        error: dict = {"message": self.message, "type": "OAuthException", "code": self.code}
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.code in TRANSIENT:
            error["is_transient"] = True
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        return {"error": error}

    def webhook_item(self) -> dict:
        """The same error as an item of a webhook's `errors` list."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details or self.title},
            "href": HELP,
        }
