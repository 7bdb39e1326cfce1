"""Routes of the images of products."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    ImageNotFound,
    ImageNotReadable,
    ImageTooLarge,
    ImageTypeRefused,
    InvalidInput,
    PreconditionFailed,
    ProductNotFound,
    RequestTimeout,
    TooManyImages,
)
from app.gateways.image_header import MEDIA_TYPES
from app.schemas.catalogue.image_schema import (
    ImageChange,
    ImageList,
    ImageOrder,
    ImageQuery,
    ImageRead,
    ImageUpload,
)
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, guarded, taking_files
from app.web.uploads import received_image
from app.wiring.areas.catalogue import Images, Uploads


class ImageController(Controller):
    """The images of products."""

    path = "/products/{product_id:uuid}/images"
    tags = ["products"]

    @get(
        summary="List the images of a product",
        opt=declared(ProductNotFound, access=Access.PUBLIC, query=ImageQuery)
        | guarded("include", access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ),
    )
    async def find(
        self, request: ShopRequest, product_id: FromPath[UUID], query: QueryParams, images: Images
    ) -> Response[ImageList]:
        """Return the images that are ready, in their order."""
        asked = ImageQuery.parse_query(query.multi_items())
        shown = await images.of_product(product_id, includes_all=asked.includes_all)
        return json_response(request, shown)

    @post(
        status_code=202,
        summary="Upload an image",
        opt=declared(
            ProductNotFound,
            InvalidInput,
            ImageNotReadable,
            ImageTooLarge,
            ImageTypeRefused,
            RequestTimeout,
            TooManyImages,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
            query=ImageUpload,
            answers=Answers.REPEATABLE,
        )
        | taking_files(*MEDIA_TYPES),
    )
    async def upload(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        query: QueryParams,
        image_uploads: Uploads,
    ) -> Response[ImageRead]:
        """Add the image in the body after the others; it is shown after it has been rendered.

        The same file returns the same image. The type follows from the content of the file.
        """
        asked = ImageUpload.parse_query(query.multi_items())
        await image_uploads.require_room(product_id)
        async with received_image(request) as file:
            image = await image_uploads.add(product_id, file, asked.alt)
        response = json_response(request, image, 202)
        response.headers["Location"] = f"/api/v1/products/{product_id}/images/{image.id}"
        return response

    @put(
        "/order",
        summary="Order the images of a product",
        opt=declared(
            ProductNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def order(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        data: JSONBody[ImageOrder],
        images: Images,
    ) -> Response[ImageList]:
        """Put all images of a product into an order; lists of products show the first one."""
        return json_response(request, await images.order(product_id, data, request.if_match))

    @get(
        "/{image_id:uuid}",
        summary="Show an image",
        opt=declared(
            ProductNotFound,
            ImageNotFound,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_READ,
        ),
    )
    async def read(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        image_id: FromPath[UUID],
        images: Images,
    ) -> Response[ImageRead]:
        """Return an image, even if it waits or is refused."""
        return json_response(request, await images.get(product_id, image_id))

    @patch(
        "/{image_id:uuid}",
        summary="Change an image",
        opt=declared(
            ProductNotFound,
            ImageNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        image_id: FromPath[UUID],
        data: JSONBody[ImageChange],
        images: Images,
    ) -> Response[ImageRead]:
        """Change the alternative text of an image, or its position."""
        shown = await images.change(product_id, image_id, data, request.if_match)
        return json_response(request, shown)

    @delete(
        "/{image_id:uuid}",
        summary="Delete an image",
        opt=declared(
            ProductNotFound,
            ImageNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_WRITE,
        ),
    )
    async def remove(
        self,
        request: ShopRequest,
        product_id: FromPath[UUID],
        image_id: FromPath[UUID],
        images: Images,
    ) -> None:
        """Delete an image with its files; caches outside of the shop may keep the files longer."""
        await images.remove(product_id, image_id, request.if_match)
