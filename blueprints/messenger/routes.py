"""The connect API: to the dialog, back from it, and the choice of pages."""

from flask import jsonify, redirect, request, url_for
from pydantic import Field
from spectree import Response as Answers

from blueprints.messenger import bp
from blueprints.messenger.answers import failure_json, offer_json
from cloudchat import config
from cloudchat.limits import limiter
from cloudchat.services import facebook_connect, presenting
from cloudchat.services.facebook_connect import ConnectFailed
from cloudchat.web import Body, api, me, requires

CONNECT = Answers("HTTP_200", "HTTP_302", "HTTP_401", "HTTP_403", "HTTP_409")
BACK = Answers("HTTP_200", "HTTP_400", "HTTP_401", "HTTP_403")
CHOSEN = Answers("HTTP_201", "HTTP_400", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")


class ChosenPages(Body):
    """The pages to connect, of those that the callback offered."""

    page_ids: list[str] = Field(max_length=facebook_connect.MOST_AT_ONCE)


class ConnectQuery(Body):
    again: bool = Field(False, description="Ask once more for permissions that were declined.")


@bp.get("/api/app/messenger/connect")
@requires("admin")
@limiter.limit("60 per hour")
@api.validate(query=ConnectQuery, resp=CONNECT, tags=["messenger"])
def connect(query: ConnectQuery):
    """To Facebook's dialog; `{url}` for a caller that asks for JSON."""
    url = facebook_connect.begin(me(), again=query.again)
    wants_json = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    return jsonify(url=url) if wants_json else redirect(url)


@bp.get("/api/app/messenger/callback")
@requires("admin")
@limiter.limit("60 per hour")
@api.validate(resp=BACK, tags=["messenger"])
def callback():
    """Where Facebook sends the browser back. A browser goes on to a page, a program gets JSON."""
    in_browser = "text/html" in request.headers.get("Accept", "")
    try:
        row = facebook_connect.come_back(me(), request.args.to_dict())
        offers = facebook_connect.offers(row)
        answer = {"connect_id": row.id, "pages": [offer_json(offer) for offer in offers]}
        if len(offers) == 1 and offers[0].usable:
            answer["devices"] = _connected(row.id, [offers[0].id])
    except ConnectFailed as error:
        if in_browser:
            if error.connect_id is None:
                return redirect(url_for("messenger.expired"))
            return redirect(url_for("messenger.show", connect_id=error.connect_id))
        return jsonify(failure_json(error)), error.status
    if not in_browser:
        return jsonify(answer)
    if devices := answer.get("devices"):
        return redirect(url_for("device.details_view", id=devices[0]["id"]))
    return redirect(url_for("messenger.show", connect_id=row.id))


def _connected(connect_id: int, page_ids: list[str]) -> list[dict]:
    """The devices of pages that were connected; the only failure of all is raised."""
    devices, failures = facebook_connect.connect_pages(me(), page_ids, connect_id)
    if not devices:
        raise next(iter(failures.values()))
    return [presenting.device(device, config.active().public_url) for device in devices]


@bp.post("/api/app/messenger/pages")
@requires("admin")
@limiter.limit("60 per hour")
@api.validate(json=ChosenPages, resp=CHOSEN, tags=["messenger"])
def choose_pages(json: ChosenPages):
    """Connect pages of the last callback. With some failed the others are connected all the same."""
    devices, failures = facebook_connect.connect_pages(me(), json.page_ids)
    if not devices:
        error = next(iter(failures.values()))
        return jsonify(failure_json(error)), error.status
    shown = [presenting.device(device, config.active().public_url) for device in devices]
    failed = [{"id": page_id, **failure_json(error)} for page_id, error in failures.items()]
    return jsonify(devices=shown, failed=failed), 201
