"""The driver of faults: real processes under load, one fault at a time, judged from the database and
from what the providers saw. See docs/faults.md."""
