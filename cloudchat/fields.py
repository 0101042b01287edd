"""Field types that many request bodies share."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

LARGEST_ID = 2**31 - 1


def number_or_word(value: Any) -> Any:
    """A query's "12" is an id, "vip" is a name."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


RowId = Annotated[int, Field(ge=1, le=LARGEST_ID)]  # from a query string
StrictId = Annotated[int, Field(ge=1, le=LARGEST_ID, strict=True)]  # from JSON: no "1", no true
MessageId = Annotated[int, Field(ge=0, le=2**53)]
Reference = Annotated[RowId | Annotated[str, Field(max_length=60)], BeforeValidator(number_or_word)]
