"""A customer's phone for channels that are simpler than WhatsApp's: threads, pages, control calls."""
