"""An organization's data as its own: taking it out, keeping it no longer than wanted, deleting it."""
