"""Makes the framework validate bodies with the schemas of the shop."""

from collections.abc import Callable
from typing import Any

from litestar.openapi.spec import OpenAPIType
from litestar.openapi.spec import Schema as SchemaObject
from litestar.plugins import OpenAPISchemaPlugin
from litestar.plugins.pydantic import PydanticInitPlugin
from litestar.typing import FieldDefinition

from app.schemas.base import Schema


class SchemaPlugin(PydanticInitPlugin, OpenAPISchemaPlugin):
    """Validates bodies with `Schema.parse`; `app.web.docs.openapi` describes them."""

    @classmethod
    def decoders(
        cls, validate_strict: bool = False
    ) -> list[tuple[Callable[[Any], bool], Callable[[Any, Any], Any]]]:
        """Return the decoder of decoded JSON into a schema."""
        return [(cls.is_plugin_supported_type, _parse)]

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Return whether a type is one of the shop's schemas."""
        return isinstance(value, type) and issubclass(value, Schema)

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: Any
    ) -> SchemaObject:
        """Return an empty object schema, which is completed later."""
        return SchemaObject(type=OpenAPIType.OBJECT)


def _parse(kind: type[Schema], data: Any) -> Schema:
    return kind.parse(data)
