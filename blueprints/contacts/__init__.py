"""Contacts: list, details, merge, import and export."""

from flask import Blueprint

bp = Blueprint("contacts", __name__)

from blueprints.contacts import details, downloads, filters, imports, merging, pages, routes  # noqa: E402, F401
