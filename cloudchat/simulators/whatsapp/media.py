"""Media: upload, look-up, download through an address that dies after five minutes, deletion."""

import hashlib
import hmac
import itertools
import mimetypes
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from flask import Blueprint, Response, request

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, bearer, same_token
from cloudchat.simulators.whatsapp import rules
from cloudchat.simulators.whatsapp.state import Account, State

SAMPLES = Path(__file__).with_name("samples")
SAMPLE_FILES = {
    "image": "photo.jpg",
    "document": "document.pdf",
    "audio": "voice.ogg",
    "video": "video.mp4",
    "sticker": "sticker.webp",
}
DAY = 24 * 3600
INBOUND_LIFE, UPLOAD_LIFE = 7 * DAY, 30 * DAY
MAX_TOTAL = 512 * 1024 * 1024  # of all files; the oldest go first


@dataclass
class File:
    """A media object, owned by one business number."""

    id: str
    phone_number_id: str
    content: bytes = field(repr=False)
    mime: str
    filename: str | None
    expires: float

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Media:
    """The media store and its Graph edges."""

    def __init__(self, state: State):
        self._state = state
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._files: dict[str, File] = {}
            self._ids = itertools.count(secrets.randbelow(10**9) + 10**15)
            self._key = secrets.token_bytes(16)

    def find(self, media_id: str) -> File | None:
        found = self._files.get(media_id)
        return found if found and found.expires > time.time() else None

    def add(self, phone_number_id: str, content: bytes, mime: str, filename=None, life=INBOUND_LIFE) -> File:
        """Keep a file; the oldest make room when there is too much."""
        with self._lock:
            made = File(str(next(self._ids)), phone_number_id, content, mime, filename, time.time() + life)
            self._files[made.id] = made
            total = sum(len(kept.content) for kept in self._files.values())
            while total > MAX_TOTAL and len(self._files) > 1:
                total -= len(self._files.pop(next(iter(self._files))).content)
        return made

    def sample(self, phone_number_id: str, kind: str) -> File:
        """A real small file of this kind, as if a customer had sent it."""
        path = SAMPLES / SAMPLE_FILES[kind]
        mime = mimetypes.guess_type(path.name)[0] or "image/webp"
        return self.add(phone_number_id, path.read_bytes(), mime, path.name)

    def check(self, account: Account, kind: str, media_id: str) -> None:
        """May this number send that media id as this kind?"""
        found = self.find(str(media_id))
        if found is None or found.phone_number_id != account.phone_number_id:
            raise rules.invalid(f"Media ID {media_id} is not valid or has expired.")
        self.check_file(kind, found.mime, len(found.content))

    @staticmethod
    def check_file(kind: str, mime: str, size: int) -> None:
        """Type and size of a file that is sent as this kind."""
        allowed = rules.MEDIA_TYPES[kind]
        mime = mime.partition(";")[0].strip().lower()
        if kind != "document" and mime not in allowed:
            raise GraphError(131053, f"Media of type {mime} cannot be sent as {kind}.")
        most = allowed.get(mime, 100 * rules.MB)
        if size > most:
            raise GraphError(131053, f"Media file size too big. Max size for {kind}: {most} bytes.")

    def url(self, found: File) -> str:
        """An address that works for `media_url_seconds`, with the owner's token only."""
        expires = int(time.time() + self._state.behaviour.media_url_seconds)
        return (
            f"{request.host_url}meta/whatsapp_business/attachments/"
            f"?mid={found.id}&ext={expires}&hash={self._sign(found.id, expires)}"
        )

    def _sign(self, media_id: str, expires: int) -> str:
        return hmac.new(self._key, f"{media_id}:{expires}".encode(), "sha256").hexdigest()[:43]

    def fetch(self, account: Account, kind: str, link: str) -> File:
        """Download what a message's `link` names; GraphError 131053 if that fails."""
        try:
            with httpx.stream("GET", link, timeout=10, follow_redirects=True, trust_env=False) as answer:
                answer.raise_for_status()
                mime = answer.headers.get("content-type", "application/octet-stream")
                limit, parts, size = max(rules.MEDIA_TYPES[kind].values()), [], 0
                for chunk in answer.iter_bytes():
                    parts.append(chunk)
                    size += len(chunk)
                    if size > limit:
                        raise GraphError(131053, "Media file size too big.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GraphError(131053, f"Downloading media from weblink failed: {error}") from error
        self.check_file(kind, mime, size)
        return self.add(account.phone_number_id, b"".join(parts), mime.split(";")[0])

    def register(self, graph) -> None:
        """The media edges of the Graph API."""

        def authorize(found: File, token: str) -> None:
            self._state.authorize(self._state.accounts[found.phone_number_id], token)

        graph.kind("media", self.find, authorize)
        graph.edge("phone", "POST", "media")(self._upload)
        graph.edge("media", "GET")(self._describe)
        graph.edge("media", "DELETE")(self._delete)

    def _upload(self, call: Call) -> dict:
        if call.body.get("messaging_product") != "whatsapp":
            raise GraphError(100, message="(#100) The parameter messaging_product is required.")
        upload = request.files.get("file")
        if upload is None:
            raise GraphError(100, message="(#100) The parameter file is required.")
        mime = (upload.mimetype or call.body.get("type", "")).split(";")[0].strip().lower()
        if mime not in rules.ALL_MIMES:
            names = ", ".join(rules.ALL_MIMES)
            raise GraphError(
                100,
                message="(#100) Param file must be a file with one of the following types: "
                f"{names}. Received file of type '{mime}'.",
            )
        content = upload.read()
        if not 0 < len(content) <= rules.ALL_MIMES[mime]:
            raise GraphError(131053, f"Media file size invalid. Max size: {rules.ALL_MIMES[mime]} bytes.")
        made = self.add(call.node.phone_number_id, content, mime, upload.filename, UPLOAD_LIFE)
        return {"id": made.id}

    def _describe(self, call: Call) -> dict:
        found: File = call.node
        owner = request.args.get("phone_number_id")
        if owner and owner != found.phone_number_id:
            raise GraphError(100, "The media does not belong to this phone number.", subcode=33)
        return {
            "url": self.url(found),
            "mime_type": found.mime,
            "sha256": found.sha256,
            "file_size": len(found.content),
            "id": found.id,
            "messaging_product": "whatsapp",
        }

    def _delete(self, call: Call) -> dict:
        with self._lock:
            self._files.pop(call.node.id, None)
        return {"success": True}

    def blueprint(self) -> Blueprint:
        """The download address (at Meta: another host, lookaside.fbsbx.com)."""
        blueprint = Blueprint("whatsapp_media", __name__)
        blueprint.add_url_rule("/meta/whatsapp_business/attachments/", "download", self._download)
        return blueprint

    def _download(self) -> Response:
        found = self.find(request.args.get("mid", ""))
        expires = request.args.get("ext", 0, type=int)
        right = self._sign(found.id, expires) if found else ""
        given = request.args.get("hash", "")
        if not found or expires < time.time() or not hmac.compare_digest(given.encode(), right.encode()):
            return Response("Not Found", 404, mimetype="text/plain")
        owner = self._state.accounts.get(found.phone_number_id)
        if not owner or owner.token_error or not same_token(bearer(), owner.access_token):
            return Response("Unauthorized", 401, mimetype="text/plain")
        headers = {"Content-Disposition": "attachment"}
        return Response(found.content, mimetype=found.mime, headers=headers)
