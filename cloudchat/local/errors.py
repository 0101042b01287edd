"""The one error of local running: a line for the person who typed the command."""


class LocalError(SystemExit):
    """Something on this machine is in the way; the text says what, and what to do about it."""

    def __init__(self, message: str):
        super().__init__(f"cloudchat: {message}")
        self.message = message
