"""What every admin screen shares: its pages, and forms that end in a service.

Flask-Admin gives lists, sorting, filters, forms and exports. What writes is replaced here: a screen
hands the form's values to a service, so audit rows, events and rules are the same as everywhere.
"""

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, request
from flask_admin import expose
from flask_admin.helpers import get_redirect_target
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form

from admin.conflicts import find_conflict, version_of
from admin.door import Guarded
from admin.export import safe_cell
from admin.forms import ScreenForm, changed_labels, show_errors
from admin.rows import TenantRows
from cloudchat.errors import AppError, Conflict, Invalid, NotFound, TooMany, Unavailable
from cloudchat.extensions import db
from cloudchat.messages import sentence

COLUMNS_WITHOUT_CHOOSER = 6


class ScopedModelView(Guarded, TenantRows):
    """A screen over one tenant table. Subclasses name columns and say which service writes.

    `create`, `change` and `remove` are the services; a screen without one lacks the button. They get
    the form's values by field name and never see the request.
    """

    # Flask-Admin's own switches
    list_template = "admin/list.html"
    create_template = "admin/form.html"
    edit_template = "admin/form.html"
    details_template = "admin/details.html"
    form_base_class = ScreenForm
    column_display_pk = False
    column_auto_select_related = False
    can_create = can_edit = can_delete = can_export = can_view_details = False
    export_max_rows = 10_000
    page_size = 25
    can_set_page_size = True
    page_size_options = (25, 50, 100)
    named_filter_urls = True

    # Ours
    icon = "list"
    section: str | None = None  # the entry of the settings list, where it is another one's
    lead: Any = ""
    empty_title: Any = ""
    empty_text: Any = ""
    empty_link: tuple[str, Any] | None = None  # where it is begun (endpoint, words), if not here
    create_label: Any = ""
    submit_label: Any = _l("Save")
    delete_label: Any = _l("Delete")
    search_label: Any = ""
    adds_several = False  # offers to add another one at once
    column_kinds: dict[str, str] = {}  # how a cell is drawn: see templates/admin/_cells.html
    columns_hidden_first: tuple[str, ...] = ()  # shown only once somebody chooses them
    column_texts: dict[str, dict] = {}  # value -> (colour, words, icon) of a "badge" cell
    bulk_actions: tuple[tuple[str, Any, Any, str], ...] = ()  # name, label, question, kind
    form_fields: dict[str, Any] = {}  # all that a request can ever write

    # --- pages ---------------------------------------------------------------------------------

    def render(self, template: str, **kwargs):
        kwargs.setdefault("return_url", self.list_url)
        kwargs.setdefault("row_version", version_of)
        page = super().render(template, **kwargs)
        form = kwargs.get("form")
        if kwargs.get("conflict"):
            return make_response(page, 409)
        return make_response(page, 422) if form is not None and form.is_refused else page

    @property
    def list_url(self) -> str:
        return get_redirect_target() or self.get_url(".index_view")

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self):
        if not self.can_create:
            raise NotFound(self.model.__tablename__)
        form = self.create_form()
        made = self.submit(form, self.create)
        if made is None:
            return self.render(self.create_template, form=form, model=None)
        return self.created(made)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self):
        row = self.get_one(request.args.get("id"))
        if not self.can_edit:
            raise NotFound(self.model.__tablename__)
        if request.method == "POST":
            db.session.refresh(row, with_for_update=True)  # nobody else saves between look and change
        form = self.edit_form(obj=row)
        conflict = find_conflict(form, row)
        if conflict or self.submit(form, lambda values: self.change(row, values)) is None:
            return self.render(self.edit_template, form=form, model=row, conflict=conflict)
        flash(_("Saved. Changed: %(fields)s", fields=changed_labels(form) or _("nothing")), "success")
        return redirect(self.list_url)

    @expose("/details/")
    def details_view(self):
        row = self.get_one(request.args.get("id"))
        if not self.can_view_details:
            raise NotFound(self.model.__tablename__)
        return self.render(self.details_template, model=row, details_columns=self._details_columns)

    @expose("/delete/", methods=("POST",))
    def delete_view(self):
        row = self.get_one(request.form.get("id"))
        if not self.can_delete:
            raise NotFound(self.model.__tablename__)
        name = str(row)
        if self.attempted(lambda: self.remove(row)):
            flash(self.removed_text(name), "success")
        return redirect(self.list_url)

    @expose("/action/", methods=("POST",))
    def action_view(self):
        name = request.form.get("action", "")
        if name not in {action[0] for action in self.bulk_actions}:
            raise NotFound("action")
        rows = self.get_many(request.form.getlist("rowid"))
        done = sum(self.attempted(lambda row=row: self.perform(name, row)) for row in rows)
        if done:
            flash(_("Done for %(count)s of %(all)s.", count=done, all=len(rows)), "success")
        return redirect(self.list_url)

    @expose("/export/<export_type>/")
    def export(self, export_type: str):
        if not self.can_export or export_type != "csv":
            raise NotFound("export")
        return self._export_csv(self.list_url)

    def get_export_value(self, model, name):
        return safe_cell(super().get_export_value(model, name))

    def get_export_name(self, export_type: str = "csv") -> str:
        return f"{self.endpoint}.{export_type}"

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self):
        raise NotFound("editing in the list")

    @expose("/ajax/lookup/")
    def ajax_lookup(self):
        raise NotFound("lookup")

    def scaffold_form(self) -> type[Form]:
        """The named fields and no others: a new column of a table is never open by itself."""
        return type(f"{self.model.__name__}Form", (ScreenForm,), dict(self.form_fields))

    # --- writing -------------------------------------------------------------------------------

    def create(self, values: dict) -> Any:
        raise NotImplementedError

    def change(self, row, values: dict) -> Any:
        raise NotImplementedError

    def remove(self, row) -> None:
        raise NotImplementedError

    def perform(self, action: str, row) -> None:
        """A bulk action on one row."""
        if action == "delete":
            self.remove(row)

    def values(self, form: Form) -> dict:
        """What the form says, by field name: only what the form has can ever be written."""
        return {field.short_name: field.data for field in form}

    def submit(self, form: Form, save: Callable[[dict], Any]) -> Any:
        """Save a posted form that is right; None for one that is not, or not posted."""
        if not self.validate_form(form):
            return None
        try:
            return save(self.values(form)) or True
        except (Invalid, Conflict) as error:
            db.session.rollback()
            show_errors(form, error, self.field_of)
            return None

    def field_of(self, form: Form, name: str) -> str:
        """The form's field for what a service calls by a name, or refuses by a code."""
        return name.removeprefix("config.")

    def attempted(self, action: Callable[[], Any]) -> bool:
        """Do it; an expected refusal becomes a message and False."""
        try:
            action()
            return True
        except (Invalid, Conflict, TooMany, Unavailable) as error:
            db.session.rollback()
            flash(refusal(error), "error")
            return False

    def created(self, made):
        """The answer to a row that was made."""
        flash(_("“%(name)s” was added.", name=str(made)), "success")
        if "_add_another" in request.form:
            return redirect(self.get_url(".create_view", url=self.list_url))
        return redirect(self.list_url)

    def removed_text(self, name: str) -> str:
        return _("“%(name)s” was deleted.", name=name)

    # --- what templates ask --------------------------------------------------------------------

    def row_url(self, row) -> str | None:
        """Where a click on a row leads."""
        key = self.get_pk_value(row)
        back = request.full_path.rstrip("?")
        if self.can_view_details:
            return self.get_url(".details_view", id=key, url=back)
        return self.get_url(".edit_view", id=key, url=back) if self.can_edit else None

    def delete_question(self, row) -> str:
        """Asked before a row is deleted; names the row and what happens."""
        return _("Delete “%(name)s”? This cannot be undone.", name=str(row))

    def row_name(self, row) -> str:
        return str(row)

    @property
    def column_chooser(self) -> bool:
        return len(self._list_columns) > COLUMNS_WITHOUT_CHOOSER


def refusal(error: AppError) -> str:
    """The sentence of an expected refusal."""
    words = [sentence(item, item) for items in error.fields.values() for item in items]
    return " ".join(dict.fromkeys(words)) or sentence(error.code, error.message)
