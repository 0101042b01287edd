"""Whether customers are asked to rate agents, as a page and over the API."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import Field
from spectree import Response as Answers

from blueprints.settings import bp
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import organizations, rating_settings, ratings
from cloudchat.web import Body, api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_422")


class RatingChange(Body):
    """The settings to change; a question of null is ours."""

    asks_rating: bool = False
    question: str | None = Field(None, max_length=rating_settings.LONGEST_QUESTION)


@bp.get("/api/app/ratings/settings")
@requires("admin")
@api.validate(resp=OK, tags=["organization"])
def show_rating_settings():
    return rating_settings.current().__dict__


@bp.put("/api/app/ratings/settings")
@requires("admin")
@api.validate(json=RatingChange, resp=OK, tags=["organization"])
def change_rating_settings(json: RatingChange):
    """Ask customers for a rating once an agent's conversation was resolved, or stop asking."""
    values = {**rating_settings.current().__dict__, **json.model_dump(exclude_unset=True)}
    return rating_settings.change(values["asks_rating"], values["question"] or "").__dict__


@bp.route("/app/settings/ratings", methods=["GET", "POST"], endpoint="ratings")
@requires("admin")
def ratings_page():
    values, errors = rating_settings.current().__dict__, {}
    if request.method == "POST":
        form = request.form
        values = {"asks_rating": "asks_rating" in form, "question": form.get("question", "")}
        try:
            rating_settings.change(**values)
            flash(_("Saved."), "success")
            return redirect(url_for("settings.ratings"))
        except Invalid as error:
            db.session.rollback()
            errors = {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}
    page = render_template(
        "settings/ratings.html",
        values=values,
        errors=errors,
        longest=rating_settings.LONGEST_QUESTION,
        usual=ratings.phrase("question", organizations.get(me().organization_id).locale),
    )
    return Response(page, 422 if errors else 200)
