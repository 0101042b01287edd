"""The screen of division assignments: who serves which division."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from admin.base import ScopedModelView
from admin.rows import MAX_WORDS, named
from cloudchat.extensions import db
from cloudchat.models import Division, DivisionAgent, User
from cloudchat.services import divisions


class AssignmentView(ScopedModelView):
    """Memberships, one a row. They are made where a division is edited."""

    can_delete = can_export = True
    icon = "user-check"
    lead = _l("Who serves which division. Add somebody by editing the division.")
    empty_title = _l("Nobody serves a division yet")
    empty_text = _l("Choose the members of a division where you edit it.")
    empty_link = ("queueing.divisions", _l("Division management"))
    search_label = _l("Search agent or division")
    delete_label = _l("Take out")
    column_list = ("agent", "division", "created_at")
    column_labels = {"agent": _l("Agent"), "division": _l("Division"), "created_at": _l("Since")}
    column_kinds = {"agent": "person", "created_at": "time"}
    column_sortable_list = ("created_at",)
    column_default_sort = ("created_at", True)
    bulk_actions = (("delete", _l("Take out"), _l("Take these out of their division: {names}?"), "danger"),)

    def __init__(self):
        super().__init__(DivisionAgent, name=_l("Division assignments"), url="division-assignments")

    def init_search(self):
        """By names, which stand in other tables."""
        return True

    def _apply_search(self, query, count_query, joins, count_joins, search):
        for word in search.split()[:MAX_WORDS]:
            matches = named(User, DivisionAgent.user_id, word) | named(
                Division, DivisionAgent.division_id, word
            )
            query = query.filter(matches)
            count_query = count_query.filter(matches) if count_query is not None else None
        return query, count_query, joins, count_joins

    def annotate(self, rows):
        names = {
            model: dict(db.session.execute(select(model.id, model.name).where(model.id.in_(ids))).all())
            for model, ids in (
                (User, {row.user_id for row in rows}),
                (Division, {row.division_id for row in rows}),
            )
        }
        for row in rows:
            row.agent, row.division = names[User][row.user_id], names[Division][row.division_id]

    def remove(self, row):
        divisions.remove_member(row.division_id, row.user_id)

    def row_name(self, row):
        return f"{row.agent}, {row.division}"

    def delete_question(self, row):
        return _(
            "Take %(agent)s out of “%(division)s”? Open conversations stay with the agent.",
            agent=row.agent,
            division=row.division,
        )

    def removed_text(self, name):
        return _("Taken out.")
