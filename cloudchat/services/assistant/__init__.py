"""The organization's own language model: it chooses or drafts, and never speaks by itself."""
