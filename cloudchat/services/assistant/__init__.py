"""The organization's own language model: it chooses among pairs, or drafts for agents; it never speaks itself."""
