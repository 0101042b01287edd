"""The door of the admin: every route of every view is guarded as all others of the app are."""

from flask import redirect, url_for
from flask_admin import BaseView, expose

from cloudchat.errors import Forbidden
from cloudchat.web import me, requires


class Guarded(BaseView):
    """A view whose routes all go through the app's own door: role, CSRF token, organization."""

    role = "admin"

    def create_blueprint(self, admin):
        for _url, name, _methods in self._urls:
            setattr(self, name, requires(self.role)(getattr(self, name)))
        return super().create_blueprint(admin)

    def is_accessible(self) -> bool:
        """Flask-Admin asks this too; the door has answered it by then."""
        return me().may(self.role)

    def inaccessible_callback(self, name: str, **kwargs):
        raise Forbidden()


class Home(Guarded):
    """/admin itself: there is nothing there, the settings list every screen."""

    def __init__(self):
        super().__init__(name="CloudChat", endpoint="admin", url="/admin")

    @expose("/")
    def index(self):
        return redirect(url_for("settings.index"))
