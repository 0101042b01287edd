"""The generated CRUD screens (Flask-Admin in the desk's own look) and the operator's area."""

from flask import Flask
from flask_admin import Admin

from admin import audit, operator
from admin.assignments import AssignmentView
from admin.bots import PairView, ScheduleView
from admin.contacts import ContactView
from admin.devices import DeviceView
from admin.door import Home
from admin.lists import CannedReplyView, DivisionView, LabelView
from admin.pipelines import PipelineView
from admin.records import DeadEventView
from admin.templates import MessageTemplateView, MetaTemplateView
from admin.users import InvitationView, UserView

VIEWS = (
    UserView,
    InvitationView,
    DivisionView,
    AssignmentView,
    DeviceView,
    CannedReplyView,
    LabelView,
    ContactView,
    PairView,
    ScheduleView,
    PipelineView,
    MetaTemplateView,
    MessageTemplateView,
    DeadEventView,
)


def init_admin(app: Flask) -> None:
    """Mount the admin screens under /admin and the operator's area under /operator."""
    screens = Admin(app, name="CloudChat", index_view=Home(), url="/admin")
    for view in VIEWS:
        screens.add_view(view())
    app.register_blueprint(operator.bp)
    app.register_blueprint(audit.bp)
