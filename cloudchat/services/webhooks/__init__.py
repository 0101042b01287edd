"""Outgoing webhooks: telling the organization's own programs what happens. See docs/webhooks.md."""
