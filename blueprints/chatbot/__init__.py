"""Bots: what they know, when they are awake, and how they would answer."""

from flask import Blueprint

bp = Blueprint("chatbot", __name__)

from blueprints.chatbot import files, hours, pages, pair_pages, reports, routes  # noqa: E402, F401
