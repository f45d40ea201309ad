"""Texts in a protobuf request that are not UTF-8, made so.

protobuf refuses a whole message for one bad text, and senders make such texts: agents shorten
prompts and outputs in the middle of a character, and JavaScript's encoders write the half that is
left. One bad record must not cost its batch. So the request is parsed once more by descriptors in
which every ``string`` is ``bytes`` (the same on the wire), the texts are mended, and the result is
what the official classes parse.
"""

from functools import cache
from importlib import import_module
from typing import Any


def repair(kind: Any, body: bytes) -> bytes:
    """``body`` with all texts in UTF-8. Raises the library's errors when it is no message."""
    loose, texts = _loose(kind)
    message = loose.FromString(body)
    _mend(message, texts)
    mended: bytes = message.SerializeToString()
    return mended


def text_of(raw: bytes) -> bytes:
    """``raw`` as UTF-8: lone surrogates, as in JSON, and whatever else is wrong become U+FFFD."""
    try:
        text = raw.decode("utf-8", "surrogatepass")
        # A pair of surrogates, each of which was encoded by itself, becomes one character.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
    return text.encode()


@cache
def _loose(kind: Any) -> tuple[Any, frozenset[str]]:
    """A class like ``kind`` that holds texts as bytes, and the full names of those fields."""
    descriptors = import_module("google.protobuf.descriptor_pb2")
    types = descriptors.FieldDescriptorProto
    pool = import_module("google.protobuf.descriptor_pool").DescriptorPool()
    class_of = import_module("google.protobuf.message_factory").GetMessageClass
    texts = set()

    def add(file: Any) -> None:
        for needed in file.dependencies:
            add(needed)
        copy = descriptors.FileDescriptorProto()
        file.CopyToProto(copy)
        todo = [(f"{copy.package}.{message.name}", message) for message in copy.message_type]
        for name, message in todo:
            todo += [(f"{name}.{nested.name}", nested) for nested in message.nested_type]
            for field in message.field:
                if field.type == types.TYPE_STRING:
                    field.type = types.TYPE_BYTES
                    texts.add(f"{name}.{field.name}")
        pool.Add(copy)

    add(kind.DESCRIPTOR.file)
    return class_of(pool.FindMessageTypeByName(kind.DESCRIPTOR.full_name)), frozenset(texts)


def _mend(message: Any, texts: frozenset[str]) -> None:
    """Mend the texts of ``message`` and of all within; protobuf limits how deep they stand."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for nested in (value,) if hasattr(value, "ListFields") else value:
                _mend(nested, texts)
        elif field.full_name in texts:
            if isinstance(value, bytes):
                setattr(message, field.name, text_of(value))
            else:
                value[:] = [text_of(raw) for raw in value]
