"""The demo organization: `seed.py` makes it (with the bot of `bot.py`), `fill.py` fills it with
customers that `invented.py` makes up."""
