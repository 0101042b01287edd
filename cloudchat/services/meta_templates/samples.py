"""Files that a template's header shows as its sample: handed to Meta, not kept here."""

from cloudchat.clients.meta_graph import graph
from cloudchat.errors import Invalid, PayloadTooLarge, ProviderError
from cloudchat.extensions import db
from cloudchat.services import devices, files
from cloudchat.services.meta_templates import catalog, writing

_MB = 1024 * 1024
SIZES = {"image/jpeg": 5 * _MB, "image/png": 5 * _MB, "video/mp4": 16 * _MB, "application/pdf": 16 * _MB}
KINDS = {"IMAGE": "image/", "VIDEO": "video/", "DOCUMENT": "application/"}
LARGEST = max(SIZES.values())


def upload(device_id: int, filename: str, content: bytes, kind: str = "") -> str:
    """The handle of the file at Meta. What it is, its bytes say; `kind` is the header's, where it is
    known. Raises Invalid, PayloadTooLarge."""
    account = devices.account(catalog.waba_device(device_id))
    mime = files.sniff(content, filename)
    if mime not in SIZES:
        raise Invalid("file", fields={"file": ["file_type_refused_by_channel"]})
    if kind in KINDS and not mime.startswith(KINDS[kind]):
        raise Invalid("file", fields={"file": ["header_file_kind"]})
    if len(content) > SIZES[mime]:
        raise PayloadTooLarge("file", code="file_too_large_for_channel")
    db.session.rollback()  # nothing is held while Meta is asked
    try:
        return graph().upload_sample(account, files.safe_name(filename), mime, content)
    except ProviderError as error:
        raise writing.refusal(account.id, error) from error
