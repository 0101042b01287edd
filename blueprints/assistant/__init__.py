"""The organization's own language model: its settings, and drafts for agents."""

from flask import Blueprint

bp = Blueprint("assistant", __name__)

from blueprints.assistant import pages, routes  # noqa: E402, F401
