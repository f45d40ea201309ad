"""JSON Schemas of structs, with the texts that stand beside their fields in the source."""

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

Schema = dict[str, Any]
REF = "#/components/schemas/"
_TEXT: dict[Any, Schema] = {str: {"type": "string"}, bytes: {"type": "string", "format": "binary"}}


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The types that a union consists of, or the type itself."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


class Schemas:
    """The components of some types: those that arrive, or those that are answered."""

    def __init__(self, kinds: Iterable[Any], *, answered: bool) -> None:
        """``answered``: each field is there, with whatever value, and no default matters."""
        self._answered = answered
        kinds = [each for each in kinds if each not in _TEXT]
        found, raw = msgspec.json.schema_components(kinds, ref_template=REF + "{name}")
        self._names = {name: _name(schema["title"]) for name, schema in raw.items()}
        known = list(self._names.values())
        twice = {name for name in known if known.count(name) > 1}
        if twice:
            raise ValueError(f"Two types have the same name; rename one: {sorted(twice)}")
        self._schemas = [(each, self._renamed(one)) for each, one in zip(kinds, found, strict=True)]
        classes = {_name(str(each)): get_origin(each) or each for each in _structs(kinds)}
        self.components = {
            self._names[name]: self._finish(self._renamed(schema), classes.get(self._names[name]))
            for name, schema in sorted(raw.items())
        }

    def of(self, kind: Any) -> Schema:
        """The schema of a type, a union of types, ``str`` or ``bytes``."""
        kinds = alternatives(kind)
        if len(kinds) > 1:
            return {"oneOf": [self.of(each) for each in kinds]}
        if kind in _TEXT:
            return dict(_TEXT[kind])
        return next(schema for each, schema in self._schemas if each == kind)

    def _renamed(self, node: Any) -> Any:
        def change(text: str) -> str:
            name = text.removeprefix(REF)
            return REF + self._names[name] if text.startswith(REF) else text

        return _mapped(node, change)

    def _finish(self, schema: Schema, cls: type[msgspec.Struct] | None) -> Schema:
        schema.pop("title")
        if cls is None:  # an enumeration
            return schema
        texts = field_texts(cls)
        properties: dict[str, Schema] = schema["properties"]
        for field in msgspec.structs.fields(cls):
            told = properties[field.encode_name]
            if " " in field.encode_name:  # it never arrives under a name that could be known
                del properties[field.encode_name]
            elif field.name in texts:
                told["description"] = texts[field.name]
        if self._answered and not cls.__struct_config__.omit_defaults:
            unset = {f.encode_name for f in msgspec.structs.fields(cls) if _may_lack(f)}
            schema["required"] = [name for name in properties if name not in unset]
        if self._answered:
            for told in properties.values():
                told.pop("default", None)
        schema["description"] = _prose(cls.__doc__ or "")
        return schema


def parameters(query: type[msgspec.Struct]) -> list[Schema]:
    """The query parameters that a struct stands for."""
    ((_,), raw) = msgspec.json.schema_components([query])
    schema = raw[query.__name__]
    texts = field_texts(query)
    found = []
    for field in msgspec.structs.fields(query):
        told = schema["properties"][field.encode_name]
        default = told.pop("default", None)
        told = next((each for each in told.get("anyOf", ()) if each != {"type": "null"}), told)
        described = told.pop("description", None)
        if default is not None:
            told["default"] = default
        parameter: Schema = {"name": field.encode_name, "in": "query"}
        if field.required:
            parameter["required"] = True
        text = texts.get(field.name, described)
        found.append(parameter | ({"description": text} if text else {}) | {"schema": told})
    return found


def nullable(schema: Schema) -> Schema:
    """``schema``, in which every field that need not be there may be null or empty instead."""
    null = {"type": "null"}
    for name, told in schema["properties"].items():
        if name not in schema["required"] and told:
            text = told.pop("description", None)
            told.pop("default", None)
            kinds = told.pop("anyOf", None) or [{**told}, null]
            told.clear()
            told["anyOf"] = [_without(each, "minLength") for each in kinds]
            if text:
                told["description"] = text
    return schema


def reachable(components: Schema, start: Any) -> Schema:
    """Those of ``components`` that ``start`` refers to, directly or not."""
    found: set[str] = set()

    def visit(text: str) -> str:
        name = text.removeprefix(REF)
        if text.startswith(REF) and name not in found:
            found.add(name)
            _mapped(components[name], visit)
        return text

    _mapped(start, visit)
    return {name: schema for name, schema in components.items() if name in found}


def field_texts(cls: type) -> dict[str, str]:
    """The string that follows each field of a class and of those that it inherits from."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        module = inspect.getmodule(each)
        if module is None or not module.__name__.startswith("agentmonitor"):
            continue
        body = _class_body(module, each.__name__)
        for field, text in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                found.pop(field.target.id, None)
                if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                    found[field.target.id] = _prose(str(text.value.value))
    return found


def _class_body(module: ModuleType, name: str) -> list[ast.stmt]:
    tree = ast.parse(inspect.getsource(module))
    (found,) = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name)
    return found.body


def _without(schema: Schema, key: str) -> Schema:
    return {name: each for name, each in schema.items() if name != key}


def _may_lack(field: msgspec.structs.FieldInfo) -> bool:
    return field.default is msgspec.UNSET


def _structs(kinds: Iterable[Any]) -> list[Any]:
    """Every struct that the types hold, generic ones as they are used."""
    from msgspec import inspect as types

    found: dict[str, Any] = {}

    def visit(node: Any) -> None:
        if isinstance(node, types.StructType):
            if str(node.cls) in found:
                return
            found[str(node.cls)] = node.cls
        if isinstance(node, msgspec.Struct):
            for name in node.__struct_fields__:
                visit(getattr(node, name))
        elif isinstance(node, tuple):
            for each in node:
                visit(each)

    for kind in kinds:
        visit(types.type_info(kind))
    return list(found.values())


def _name(title: str) -> str:
    """``Came[PruneOutcome]`` as a name of a component."""
    plain = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", title)
    words = re.split(r"\W+", re.sub(r"\b(?:\w+\.)+", "", plain))
    return "".join(word[:1].upper() + word[1:] for word in words)


def _prose(text: str) -> str:
    """The first paragraph of a docstring, as Markdown about JSON."""
    first = inspect.cleandoc(text).partition("\n\n")[0]
    return re.sub(r"\bNone\b", "null", " ".join(first.replace("``", "`").split()))


def _mapped(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, dict):
        return {key: _mapped(each, change) for key, each in node.items()}
    if isinstance(node, list | tuple):
        return [_mapped(each, change) for each in node]
    return change(node) if isinstance(node, str) else node
