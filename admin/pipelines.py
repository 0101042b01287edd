"""The pipelines screen, with the stages of each in its form."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, Form, FormField, HiddenField, SelectField, StringField
from wtforms.widgets import ColorInput

from admin.base import ScopedModelView
from admin.forms import at_most, needed, stripped, text_field
from cloudchat.models import Pipeline
from cloudchat.services.pipelines import catalog, stages
from cloudchat.services.pipelines.cards import actor_of
from cloudchat.web import me

SPARE_ROWS = 2  # empty ones, for stages to add


class StageRow(Form):
    """One stage, as a line of the form. Its order is that of the lines; the board's editor has the rest."""

    id = HiddenField()
    name = StringField(_l("Stage"), [at_most(255)], filters=[stripped])
    kind = SelectField(
        _l("Kind"), choices=[("open", _l("Open")), ("won", _l("Won")), ("lost", _l("Lost"))], default="open"
    )
    color = StringField(_l("Colour"), widget=ColorInput(), default=stages.PLAIN_COLOR)


class StageLines(FieldList):
    """The stages as lines. Empty ones say nothing; the others are what two people may both have changed."""

    is_lines = True

    @property
    def data(self) -> list[dict]:
        lines = ({**entry.data, "id": entry.data["id"] or ""} for entry in self.entries)
        return [line for line in lines if line["id"] or line["name"]]


class PipelineView(ScopedModelView):
    """Boards of conversations."""

    can_create = can_edit = can_delete = True
    icon = "layout-kanban"
    lead = _l("Boards on which conversations move from stage to stage.")
    empty_title = _l("No pipelines yet")
    empty_text = _l("A pipeline shows conversations as cards that move until they are won or lost.")
    create_label = _l("New pipeline")
    search_label = _l("Search pipelines")
    column_list = ("name", "currency", "is_default", "is_active", "created_at")
    column_labels = {
        "name": _l("Name"),
        "currency": _l("Currency"),
        "is_default": _l("Default"),
        "is_active": _l("Active"),
        "created_at": _l("Created"),
    }
    column_kinds = {"name": "link", "is_default": "yes", "is_active": "yes", "created_at": "time"}
    column_sortable_list = ("name", "created_at")
    column_searchable_list = ("name",)
    column_default_sort = "name"
    form_fields = {
        "name": text_field(_l("Name"), needed(), at_most(255)),
        "description": text_field(_l("Description"), at_most(1000), area=True),
        "currency": SelectField(_l("Currency"), choices=[(code, code) for code in catalog.CURRENCIES]),
        "is_default": BooleanField(_l("Default pipeline")),
        "is_active": BooleanField(_l("Active"), default=True),
        "takes_new": BooleanField(
            _l("New conversations come here"),
            description=_l("Into the first stage. One pipeline of the organization can have this."),
        ),
        "stages": StageLines(
            FormField(StageRow),
            _l("Stages"),
            description=_l("One line for each, in their order; an emptied name takes the stage away."),
        ),
    }

    def __init__(self):
        super().__init__(Pipeline, name=_l("Pipelines"), url="pipelines", endpoint="pipelinescreen")

    def get_query(self):
        return super().get_query().filter(Pipeline.archived_at.is_(None))

    def get_count_query(self):
        return super().get_count_query().filter(Pipeline.archived_at.is_(None))

    def create_form(self, obj=None):
        form = super().create_form(obj)
        return self._with_rows(form, None)

    def edit_form(self, obj=None):
        form = super().edit_form(obj)
        return self._with_rows(form, obj)

    def _with_rows(self, form, row: Pipeline | None):
        """The stages as they are, unless the form brings its own, and empty lines below them."""
        lines = stages.as_lines(row.id) if row else []
        form.stages.object_data = lines
        if not form.stages.entries:
            for line in lines:
                form.stages.append_entry(line)
            for _line in range(SPARE_ROWS if row else SPARE_ROWS + 2):
                form.stages.append_entry()
        return form

    def create(self, values):
        lines = [line for line in values.pop("stages") if line["name"]]
        given = [{key: line[key] for key in ("name", "kind", "color")} for line in lines]
        return catalog.create({**values, **({"stages": given} if given else {})}, me().author_id, me().locale)

    def change(self, row, values):
        lines = values.pop("stages")
        return catalog.change(row.id, values, lines, actor_of(me()))

    def remove(self, row):
        catalog.archive(row.id, actor_of(me()))

    def delete_question(self, row):
        return _(
            "Delete the pipeline “%(name)s”? Its history stays for the reports of others.", name=row.name
        )
