"""Which version of a record the caller has seen, if they say so."""

from flask import request

from cloudchat.web.schema import Body


class Versioned(Body):
    """A change that may say which version of the record it was made on; `If-Match` says the same."""

    version: str | None = None

    def expected(self) -> str | None:
        return self.version or request.headers.get("If-Match")

    def changes(self, **kwargs) -> dict:
        """The fields that the body names."""
        return self.model_dump(exclude={"version"}, exclude_unset=True, **kwargs)
