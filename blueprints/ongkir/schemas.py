"""Bodies and queries of the shipping cost API."""

from typing import Annotated, Literal

from pydantic import Field

from cloudchat.fields import RowId, StrictId
from cloudchat.web import Body

Name = Annotated[str, Field(max_length=400)]


class OriginBody(Body):
    """A place of the provider's search, as `/destinations` gives it."""

    id: StrictId
    label: str = Field(max_length=255)


class SettingsBody(Body):
    """The account; fields that are not named stay as they are. `rajaongkir_api_key` is write-only."""

    rajaongkir_api_key: str | None = Field(None, max_length=1000)
    rajaongkir_account_type: str | None = Field(None, max_length=20)
    daily_limit: int | None = None
    default_origin_city_id: StrictId | None = None
    default_origin_city_name: str | None = Field(None, max_length=255)
    default_origin_province: str | None = Field(None, max_length=255)
    origin: OriginBody | None = None
    enabled_couriers: list[str] | None = Field(None, max_length=100)
    is_active: bool | None = None


class CitiesQuery(Body):
    """The province whose cities are wanted."""

    province_id: RowId


class SearchQuery(Body):
    """At least three letters of a city, kecamatan or postcode."""

    q: str = Field(min_length=3, max_length=100)


class PlaceBody(Body):
    """A place by the provider's id; `family` says where it is from, when that is not clear."""

    id: StrictId
    family: Literal["city", "search", "district"] | None = None
    label: str = Field("", max_length=255)


class CostBody(Body):
    """What to send where. Without an origin the organization's own; without couriers all its own."""

    origin: PlaceBody | Name | None = None
    destination: PlaceBody | Name
    weight: int
    couriers: list[str] = Field([], max_length=100)


class ParseBody(Body):
    """What a customer wrote."""

    text: str = Field(max_length=10_000)
