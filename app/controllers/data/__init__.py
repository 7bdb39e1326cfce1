"""The data of persons without an account."""

from litestar.openapi.spec import Tag

from app.controllers.data.guest_data_controller import GuestDataController

CONTROLLERS = (GuestDataController,)
TAGS = (
    Tag(
        "guest data",
        "The data that are stored about persons without an account, by a proven address.",
    ),
)
