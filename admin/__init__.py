"""The generated CRUD screens."""

from flask import Flask


def init_admin(app: Flask) -> None:
    """Mount the admin screens."""
