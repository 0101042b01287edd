"""Logging in and out, the own account, invitations, language."""

from flask import Blueprint

bp = Blueprint("auth", __name__)

from blueprints.auth import invitations, passwords, routes, second_factor  # noqa: E402, F401
