"""Screens of what bots know and when they are awake, over all bots at once."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, SelectField

from admin.base import ScopedModelView
from admin.filters import ChoiceFilter
from admin.forms import at_most, needed, text_field
from admin.lists import DELETE
from admin.rows import MAX_WORDS, named
from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotQa, ChatbotSchedule
from cloudchat.services import bot_hours, bot_pairs

DAYS = {
    0: _l("Sunday"),
    1: _l("Monday"),
    2: _l("Tuesday"),
    3: _l("Wednesday"),
    4: _l("Thursday"),
    5: _l("Friday"),
    6: _l("Saturday"),
}


def bot_choices() -> list[tuple[int, str]]:
    rows = db.session.execute(select(Chatbot.id, Chatbot.name).order_by(Chatbot.name, Chatbot.id))
    return [(row.id, row.name) for row in rows]


class BotRows(ScopedModelView):
    """Rows that belong to a bot: its name in the list, its choice in the form."""

    can_create = can_edit = can_delete = adds_several = True
    bulk_actions = (DELETE,)

    def annotate(self, rows):
        names = dict(bot_choices())
        for row in rows:
            row.bot_name = names.get(row.bot_id, "")

    def create_form(self, obj=None):
        form = super().create_form(obj)
        form.bot_id.choices = bot_choices()
        return form

    def edit_form(self, obj=None):
        form = super().edit_form(obj)
        form.bot_id.choices = [choice for choice in bot_choices() if choice[0] == obj.bot_id]
        return form


class PairView(BotRows):
    """Questions that bots know."""

    icon = "messages"
    lead = _l("Questions that bots know, with their answers.")
    empty_title = _l("No questions yet")
    empty_text = _l("Add a bot first, then what customers ask again and again.")
    create_label = _l("Add question")
    search_label = _l("Search questions and answers")
    column_list = ("question", "answer", "bot_name", "is_active", "updated_at")
    column_labels = {
        "question": _l("Question"),
        "answer": _l("Answer"),
        "bot_name": _l("Chatbot"),
        "is_active": _l("On"),
        "updated_at": _l("Changed"),
    }
    column_kinds = {"question": "long", "answer": "long", "is_active": "yes", "updated_at": "time"}
    column_sortable_list = ("question", "updated_at")
    column_searchable_list = ("question", "answer")
    column_default_sort = ("id", True)
    column_filters = (ChoiceFilter("bot", ChatbotQa.bot_id, _l("Chatbot"), bot_choices),)
    form_fields = {
        "bot_id": SelectField(_l("Chatbot"), [needed()], coerce=int),
        "question": text_field(_l("Question"), needed(), at_most(bot_pairs.LONGEST_QUESTION)),
        "answer": text_field(_l("Answer"), needed(), at_most(bot_pairs.LONGEST_ANSWER), area=True),
        "is_active": BooleanField(_l("On"), default=True),
    }

    def __init__(self):
        super().__init__(ChatbotQa, name=_l("Questions of bots"), url="bot-questions")

    def create(self, values):
        return bot_pairs.create(values["bot_id"], values)

    def change(self, row, values):
        return bot_pairs.change(row.id, values)

    def remove(self, row):
        bot_pairs.remove(row.id)

    def row_name(self, row):
        return str(row)


class ScheduleView(BotRows):
    """Windows of the week in which bots are awake."""

    icon = "calendar-time"
    lead = _l("Hours of the week in which bots answer. An end before the start is on the next day.")
    empty_title = _l("No hours yet")
    empty_text = _l("A bot without hours answers day and night, unless its hours are switched on.")
    create_label = _l("Add hours")
    search_label = _l("Search bots")
    column_list = ("bot_name", "day", "starts", "ends", "is_active", "updated_at")
    column_labels = {
        "bot_name": _l("Chatbot"),
        "day": _l("Day"),
        "starts": _l("From"),
        "ends": _l("To"),
        "is_active": _l("On"),
        "updated_at": _l("Changed"),
    }
    column_kinds = {"is_active": "yes", "updated_at": "time"}
    column_sortable_list = ("updated_at",)
    column_default_sort = ("id", True)
    column_filters = (ChoiceFilter("bot", ChatbotSchedule.bot_id, _l("Chatbot"), bot_choices),)
    form_fields = {
        "bot_id": SelectField(_l("Chatbot"), [needed()], coerce=int),
        "day_of_week": SelectField(_l("Day"), coerce=int, choices=list(DAYS.items())),
        "start_time": text_field(_l("From"), needed(), at_most(5)),
        "end_time": text_field(_l("To"), needed(), at_most(5)),
        "is_active": BooleanField(_l("On"), default=True),
    }

    def __init__(self):
        super().__init__(ChatbotSchedule, name=_l("Hours of bots"), url="bot-hours")

    def init_search(self):
        """By the bot's name, which stands in another table."""
        return True

    def _apply_search(self, query, count_query, joins, count_joins, search):
        for word in search.split()[:MAX_WORDS]:
            matches = named(Chatbot, ChatbotSchedule.bot_id, word)
            query = query.filter(matches)
            count_query = count_query.filter(matches) if count_query is not None else None
        return query, count_query, joins, count_joins

    def annotate(self, rows):
        super().annotate(rows)
        for row in rows:
            row.day = str(DAYS[row.day_of_week])
            row.starts, row.ends = bot_hours.show_time(row.start_time), bot_hours.show_time(row.end_time)

    def edit_form(self, obj=None):
        form = super().edit_form(obj)
        if form.start_time.raw_data is None and obj is not None:
            form.start_time.data = bot_hours.show_time(obj.start_time)
            form.end_time.data = bot_hours.show_time(obj.end_time)
        return form

    def create(self, values):
        return bot_hours.add(values["bot_id"], values)

    def change(self, row, values):
        return bot_hours.change(row.id, values)

    def remove(self, row):
        bot_hours.remove(row.id)

    def row_name(self, row):
        return f"{DAYS[row.day_of_week]}, {bot_hours.show_time(row.start_time)}"
