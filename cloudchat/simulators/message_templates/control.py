"""Control API and page of the template simulator.

GET /_control/templates ?waba_id= -> {items: [template]}
POST /_control/templates {waba_id, name, language?, category?, status?, quality?, components?,
    parameter_format?, count?: make name_1 to name_count} -> {items}
PATCH /_control/templates/{id} {status?, reason?, quality?, category?} -> template; tells by webhook
DELETE /_control/templates/{id} -> {ok}: vanishes without a word
GET, PATCH /_control/templates/settings {review_seconds, verdict: by_name | approve | reject | never,
    limit, page_size, webhooks} -> the switches
"""

from flask import Blueprint, jsonify, redirect, render_template, request

from cloudchat.simulators.message_templates.store import QUALITIES, STATUSES, Store
from cloudchat.simulators.meta.control import json_body
from cloudchat.simulators.provider import set_options

USUAL = [{"type": "BODY", "text": "Halo, ini template percobaan dari simulator."}]


class Control:
    """The routes."""

    def __init__(self, store: Store):
        self._store = store

    def blueprint(self) -> Blueprint:
        made = Blueprint("templates_control", __name__)
        made.get("/_control/templates")(self._list)
        made.post("/_control/templates")(self._add)
        made.get("/_control/templates/settings")(self._settings)
        made.patch("/_control/templates/settings")(self._change_settings)
        made.patch("/_control/templates/<template_id>")(self._change)
        made.delete("/_control/templates/<template_id>")(self._remove)
        made.get("/message-templates")(self._page)
        made.post("/message-templates/settings")(self._save_settings)
        made.post("/message-templates/<template_id>")(self._decide)
        return made

    def _list(self):
        waba_id = request.args.get("waba_id", "")
        return jsonify(items=[{**one.node(), "waba_id": one.waba_id} for one in self._store.of(waba_id)])

    def _add(self):
        body = json_body()
        count, name = int(body.get("count") or 1), str(body["name"])
        fields = {
            "language": body.get("language", "id"),
            "category": body.get("category", "UTILITY"),
            "status": body.get("status", "APPROVED"),
            "components": body.get("components") or USUAL,
            "quality": body.get("quality", "UNKNOWN"),
            "parameter_format": body.get("parameter_format", "POSITIONAL"),
        }
        names = [name] if count == 1 else [f"{name}_{number}" for number in range(1, count + 1)]
        made = [self._store.add(str(body["waba_id"]), name=one, **fields) for one in names]
        return jsonify(items=[one.node() for one in made])

    def _settings(self):
        return jsonify(vars(self._store.behaviour))

    def _change_settings(self):
        self._set(json_body())
        return self._settings()

    def _set(self, fields: dict) -> None:
        set_options(self._store.behaviour, fields)
        self._store.behaviour.check()

    def _change(self, template_id: str):
        template, body = self._store.get(template_id), json_body()
        if "status" in body:
            self._store.set_status(template, body["status"], body.get("reason", "NONE"))
        if "quality" in body:
            self._store.set_quality(template, body["quality"])
        if "category" in body:
            self._store.set_category(template, body["category"])
        return jsonify(template.node())

    def _remove(self, template_id: str):
        self._store.templates.pop(self._store.get(template_id).id)
        return jsonify(ok=True)

    # --- the page -------------------------------------------------------------------------------

    def _page(self):
        wabas = {one.waba_id: one.verified_name for one in self._store.whatsapp.accounts.values()}
        return render_template(
            "message_templates/control.html",
            groups=[(waba_id, name, self._store.of(waba_id)) for waba_id, name in wabas.items()],
            behaviour=self._store.behaviour,
            statuses=STATUSES,
            qualities=QUALITIES,
        )

    def _save_settings(self):
        form = request.form
        self._set(
            {
                "review_seconds": float(form.get("review_seconds") or 0),
                "verdict": form.get("verdict", ""),
                "webhooks": "webhooks" in form,
            }
        )
        return redirect("/message-templates", 303)

    def _decide(self, template_id: str):
        template, form = self._store.get(template_id), request.form
        if form.get("status") != template.status:
            reason = "INVALID_FORMAT" if form.get("status") == "REJECTED" else "NONE"
            self._store.set_status(template, form.get("status", ""), reason)
        if form.get("quality") != template.quality:
            self._store.set_quality(template, form.get("quality", ""))
        return redirect("/message-templates", 303)
