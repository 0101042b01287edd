"""The session cookie: Flask's own, opened only for who brings one, renewed only by whole pages."""

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class CookieSessions(SecureCookieSessionInterface):
    """Programs and providers have no cookie; making the signature's machinery for them is waste.

    A page asks for a lot in the background. Should each answer carry the cookie, one that is late would
    put back what a form has changed meanwhile: the sentence that says it is saved would be lost.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def should_set_cookie(self, app: Flask, session: SecureCookieSession) -> bool:
        if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            return session.modified
        return super().should_set_cookie(app, session)
