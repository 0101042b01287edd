"""Which rows a screen reads: the tenant's own, and of them what the address asks for.

The session's listener and row-level security say the same; Flask-Admin's own look-ups by id do not.
"""

from typing import Any

from flask import request
from flask_admin.contrib.sqla import ModelView
from sqlalchemy import BigInteger, func, or_, select

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.tenancy import current_organization_id

MAX_SEARCH = 100
MAX_WORDS = 10
MAX_PAGE = 100_000
MAX_SELECTED = 200


class TenantRows(ModelView):
    """A model view that reads one organization's rows; ids, words and filters are checked."""

    def __init__(self, model, **kwargs):
        super().__init__(model, db, **kwargs)

    # --- the tenant's rows ---------------------------------------------------------------------

    def get_query(self):
        """Rows of this organization only. The session's listener and the database say so as well."""
        owner = self.model.organization_id
        return db.session.query(self.model).filter(owner == current_organization_id())

    def get_count_query(self):
        owner = self.model.organization_id
        count = db.session.query(func.count(self.primary_key))
        return count.filter(owner == current_organization_id())

    def get_one(self, id: Any):
        """The row of this id; raises NotFound for a foreign, a missing and a nonsensical one."""
        found = self.get_query().filter(self.primary_key == self.checked_id(id)).one_or_none()
        if found is None:
            raise NotFound(self.model.__tablename__)
        self.annotate([found])
        return found

    def get_many(self, ids: list[str]) -> list:
        """The selected rows; one foreign or missing id refuses the whole call."""
        wanted = {self.checked_id(value) for value in ids}
        if not wanted or len(wanted) > MAX_SELECTED:
            raise Invalid("rows", code="invalid", fields={"rowid": ["required"]})
        found = self.get_query().filter(self.primary_key.in_(wanted)).all()
        if len(found) != len(wanted):
            raise NotFound(self.model.__tablename__)
        return found

    def checked_id(self, value: Any) -> int:
        """psycopg wants numbers, and what is no id of ours is simply not found."""
        largest = 2**63 if isinstance(self.primary_key.type, BigInteger) else 2**31
        text = value if isinstance(value, str) else ""
        if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) >= largest:
            raise NotFound(self.model.__tablename__)
        return int(text)

    @property
    def primary_key(self):
        return getattr(self.model, self._primary_key)

    def annotate(self, rows: list) -> None:
        """Load what the rows show beside their own columns, for all of them at once."""

    def get_list(self, *args, **kwargs):
        count, rows = super().get_list(*args, **kwargs)
        self.annotate(rows)
        return count, rows

    def _apply_sorting(self, query, joins, sort_column, sort_desc):
        query, joins = super()._apply_sorting(query, joins, sort_column, sort_desc)
        return query.order_by(self.primary_key.desc()), joins

    def _apply_search(self, query, count_query, joins, count_joins, search):
        """Words as they are typed: no pattern signs, no prefixes with a meaning."""
        for word in search.split()[:MAX_WORDS]:
            matches = or_(*(field.icontains(word, autoescape=True) for field, _ in self._search_fields))
            query = query.filter(matches)
            count_query = count_query.filter(matches) if count_query is not None else None
        return query, count_query, joins, count_joins

    # --- what the query string may say ---------------------------------------------------------

    def _get_list_extra_args(self):
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), MAX_PAGE)
        args.search = (args.search or "").replace("\0", "").strip()[:MAX_SEARCH] or None
        args.extra_args = {}  # Flask-Admin would hand unknown ones to url_for, _scheme among them
        return args

    def _get_list_filter_args(self):
        found = []
        for index, item in enumerate(self._filters or ()):
            value = self.filter_value(item)
            if value and item.validate(value):
                found.append((index, item.key, value))
        return found

    def filter_value(self, item) -> str:
        """What the query string asks of a filter, under its own name or Flask-Admin's numbered one."""
        for name, value in request.args.items():
            if name.startswith("flt") and name.partition("_")[2] == item.key:
                return value.replace("\0", "").strip()[:MAX_SEARCH]
        return ""

    def get_filter_arg(self, index, flt) -> str:
        return flt.key


def named(model, column, word: str):
    """Rows whose `column` points at one of `model` with the word in its name."""
    return column.in_(select(model.id).where(model.name.icontains(word, autoescape=True)))
