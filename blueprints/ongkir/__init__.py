"""Shipping costs: the settings, and looking one up."""

from flask import Blueprint

bp = Blueprint("ongkir", __name__)

from blueprints.ongkir import pages, routes  # noqa: E402, F401
