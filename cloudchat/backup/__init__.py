"""Backup and restore of a whole installation: `flask backup create|verify|restore`. See docs/operating.md.

A backup is one tar file: `manifest.json`, `database.dump` (pg_dump's own format) and `files/…`.
"""

from cloudchat.backup.creating import create
from cloudchat.backup.manifest import BackupError, verify
from cloudchat.backup.restoring import restore

__all__ = ["BackupError", "create", "restore", "verify"]
