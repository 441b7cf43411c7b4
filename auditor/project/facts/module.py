"""One JavaScript module: its tree, what each name in it stands for, what it imports and what it exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from tree_sitter import Node

from auditor.project.facts.blocks import MARKUP, Attribute, cut
from auditor.project.facts.syntax import FUNCTIONS, Source, arguments, bare, parents, walk

_SCOPES = FUNCTIONS | {"catch_clause", "for_in_statement", "for_statement", "program", "statement_block", "switch_body"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Declaration:
    """What introduces a name: ``value`` is the expression it starts with, ``keys`` the way into it for a destructured one.

    ``kind`` is const, let, var, function, class, parameter, import or other. ``module`` and ``imported`` are set for imports: the specifier and the
    exported name ("default", "*" for the namespace).
    """

    name: str
    kind: str
    node: Node
    scope: int
    value: Node | None = None
    keys: tuple[str, ...] = ()
    default: Node | None = None
    module: str = ""
    imported: str = ""


class Module(Source):
    """A parsed file with its names; markup files are read through ``cut``."""

    def __init__(self, path: PurePosixPath, text: str, language: str) -> None:
        self.language = language
        self.attributes: tuple[Attribute, ...] = ()
        if language in MARKUP:
            blocks = cut(text, language, path)
            self.attributes = blocks.attributes
            text, language = blocks.script, blocks.language
        super().__init__(path, text, language)
        self._scopes: dict[int, dict[str, Declaration]] = {}
        self._references: dict[str, list[Node]] = {}
        self.nodes: list[Node] = []
        self._read()

    # -- names ---------------------------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        stack: list[tuple[Node, int, int]] = [(self.root, self.root.id, self.root.id)]
        while stack:
            node, block, function = stack.pop()
            self.nodes.append(node)
            kind = node.type
            if kind in {"identifier", "shorthand_property_identifier"}:
                self._references.setdefault(self.of(node), []).append(node)
            elif kind == "variable_declarator":
                self._declare_variable(node, block, function)
            elif kind in {"function_declaration", "generator_function_declaration", "class_declaration"}:
                self._declare_named(node, block)
            elif kind == "import_statement":
                for declaration in self._imports_of(node):
                    self._add(declaration)
            if kind in FUNCTIONS:
                self._declare_parameters(node)
                block = function = node.id
            elif kind == "catch_clause":
                block = node.id
                if (parameter := node.child_by_field_name("parameter")) is not None:
                    self._declare_pattern(parameter, "other", block, None, ())
            elif kind == "for_in_statement":
                block = node.id
                if (left := node.child_by_field_name("left")) is not None:
                    self._declare_pattern(left, "other", block, None, ())
            elif kind in _SCOPES and not (kind == "statement_block" and node.parent is not None and node.parent.type in FUNCTIONS):
                block = node.id
            stack.extend((child, block, function) for child in reversed(node.named_children))

    def _add(self, declaration: Declaration) -> None:
        self._scopes.setdefault(declaration.scope, {}).setdefault(declaration.name, declaration)

    def _declare_variable(self, node: Node, block: int, function: int) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        parent = node.parent
        kind = "var"
        if parent is not None and parent.type == "lexical_declaration" and parent.children:
            kind = "const" if parent.children[0].type == "const" else "let"
        required = self._required(value)
        self._declare_pattern(name, kind, function if kind == "var" else block, value, (), required=required)

    def _required(self, value: Node | None) -> tuple[str, str] | None:
        """Module and name for `require("m")`, `require("m").x` and `await import("m")`."""
        if value is None:
            return None
        value = bare(value)
        if value.type == "member_expression":
            inner, name = value.child_by_field_name("object"), value.child_by_field_name("property")
            found = self._required(inner) if inner is not None else None
            return (found[0], self.of(name)) if found and name is not None and found[1] == "*" else None
        if value.type == "call_expression":
            function, given = value.child_by_field_name("function"), arguments(value)
            if function is not None and self.of(function) in {"require", "import"} and given and given[0].type == "string":
                return self.of(given[0])[1:-1], "*"
        return None

    def _declare_pattern(
        self,
        node: Node,
        kind: str,
        scope: int,
        value: Node | None,
        keys: tuple[str, ...],
        *,
        default: Node | None = None,
        required: tuple[str, str] | None = None,
    ) -> None:
        match node.type:
            case "identifier" | "shorthand_property_identifier_pattern":
                if required is not None and len(keys) <= 1:
                    imported = keys[0] if keys else required[1]
                    self._add(
                        Declaration(name=self.of(node), kind="import", node=node, scope=scope, value=value, module=required[0], imported=imported)
                    )
                else:
                    self._add(Declaration(name=self.of(node), kind=kind, node=node, scope=scope, value=value, keys=keys, default=default))
            case "object_pattern":
                for child in node.named_children:
                    self._declare_property(child, kind, scope, value, keys, required)
            case "array_pattern":
                for index, child in enumerate(child for child in node.named_children if child.type != "comment"):
                    self._declare_pattern(child, kind, scope, value, (*keys, str(index)), required=None)
            case "assignment_pattern":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is not None:
                    self._declare_pattern(left, kind, scope, value, keys, default=right, required=required)
            case "required_parameter" | "optional_parameter":
                pattern, initial = node.child_by_field_name("pattern"), node.child_by_field_name("value")
                if pattern is not None:
                    self._declare_pattern(pattern, kind, scope, value, keys, default=initial)
            case "rest_pattern":
                for child in node.named_children:
                    self._declare_pattern(child, "other", scope, None, ())
            case _:
                pass

    def _declare_property(
        self, node: Node, kind: str, scope: int, value: Node | None, keys: tuple[str, ...], required: tuple[str, str] | None
    ) -> None:
        match node.type:
            case "shorthand_property_identifier_pattern":
                self._declare_pattern(node, kind, scope, value, (*keys, self.of(node)), required=required)
            case "object_assignment_pattern":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is not None:
                    self._declare_pattern(left, kind, scope, value, (*keys, self.of(left)), default=right, required=required)
            case "pair_pattern":
                key, inner = node.child_by_field_name("key"), node.child_by_field_name("value")
                if key is not None and inner is not None:
                    self._declare_pattern(inner, kind, scope, value, (*keys, self.of(key).strip("'\"")), required=required)
            case _:
                self._declare_pattern(node, "other", scope, None, ())

    def _declare_named(self, node: Node, block: int) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            self._add(
                Declaration(name=self.of(name), kind="class" if node.type == "class_declaration" else "function", node=name, scope=block, value=node)
            )

    def _declare_parameters(self, node: Node) -> None:
        single, several = node.child_by_field_name("parameter"), node.child_by_field_name("parameters")
        if single is not None:
            self._declare_pattern(single, "parameter", node.id, None, ())
        for child in several.named_children if several is not None else ():
            self._declare_pattern(child, "parameter", node.id, None, ())
        if node.type == "function_expression" and (name := node.child_by_field_name("name")) is not None:
            self._add(Declaration(name=self.of(name), kind="function", node=name, scope=node.id, value=node))

    def _imports_of(self, node: Node) -> Iterator[Declaration]:
        source = node.child_by_field_name("source")
        if source is None:
            return
        module = self.of(source)[1:-1]
        for part in (found for clause in node.named_children if clause.type == "import_clause" for found in clause.named_children):
            if part.type == "identifier":
                yield self._import(part, module, "default")
            elif part.type == "namespace_import":
                for child in part.named_children:
                    yield self._import(child, module, "*")
            elif part.type == "named_imports":
                for specifier in part.named_children:
                    name, alias = specifier.child_by_field_name("name"), specifier.child_by_field_name("alias")
                    if name is not None:
                        yield self._import(alias or name, module, self.of(name))

    def _import(self, node: Node, module: str, imported: str) -> Declaration:
        return Declaration(name=self.of(node), kind="import", node=node, scope=self.root.id, module=module, imported=imported)

    def declaration(self, node: Node) -> Declaration | None:
        """What an identifier at this place stands for; None for a global or a name that cannot be followed."""
        name = self.of(node)
        for parent in parents(node):
            if (scope := self._scopes.get(parent.id)) is not None and name in scope:
                return scope[name]
        return None

    def top(self, name: str) -> Declaration | None:
        """What a name stands for at module level."""
        return self._scopes.get(self.root.id, {}).get(name)

    def references(self, declaration: Declaration) -> list[Node]:
        """Every place that uses this very declaration, in source order, without the one that introduces it."""
        found = (node for node in self._references.get(declaration.name, ()) if node.id != declaration.node.id)
        return [node for node in found if self.declaration(node) is declaration]

    # -- imports and exports -------------------------------------------------------------------------------------------------------------

    @cached_property
    def imports(self) -> tuple[Declaration, ...]:
        """The imported names, wherever they are bound."""
        found = [declaration for scope in self._scopes.values() for declaration in scope.values() if declaration.kind == "import"]
        return tuple(sorted(found, key=lambda declaration: declaration.node.start_byte))

    @cached_property
    def sources(self) -> tuple[Node, ...]:
        """The text of every import, re-export, `require` and `import()`."""
        found = []
        for node in self.nodes:
            if node.type in {"import_statement", "export_statement"} and (source := node.child_by_field_name("source")) is not None:
                found.append(source)
            elif node.type == "call_expression" and self._required(node) is not None:
                found.append(arguments(node)[0])
        return tuple(found)

    @cached_property
    def specifiers(self) -> tuple[str, ...]:
        """Every module named by an import, a re-export, `require` or `import()`."""
        return tuple(dict.fromkeys(self.of(source)[1:-1] for source in self.sources))

    @cached_property
    def exports(self) -> dict[str, Node | Declaration | tuple[str, str]]:
        """Exported name -> the expression, the declaration, or (module, name) for a re-export. "*" names `export * from`."""
        found: dict[str, Node | Declaration | tuple[str, str]] = {}
        for node in self.root.named_children:
            if node.type == "export_statement":
                self._export(node, found)
            elif node.type == "expression_statement" and node.named_children and node.named_children[0].type == "assignment_expression":
                self._export_commonjs(node.named_children[0], found)
        return found

    def _export(self, node: Node, found: dict[str, Node | Declaration | tuple[str, str]]) -> None:
        source, declared, value = (node.child_by_field_name(field) for field in ("source", "declaration", "value"))
        module = self.of(source)[1:-1] if source is not None else ""
        if value is not None:
            found["default"] = value
        elif declared is not None:
            is_default = any(child.type == "default" for child in node.children)
            for child in walk(declared):
                if child.type in {"variable_declarator", "function_declaration", "class_declaration", "generator_function_declaration"}:
                    name = child.child_by_field_name("name")
                    if name is not None and name.type in {"identifier", "type_identifier"} and child.parent in (declared, node):
                        declaration = self.top(self.of(name))
                        if declaration is not None:
                            found["default" if is_default else self.of(name)] = declaration
        elif source is not None and any(child.type == "*" for child in node.children):
            found.setdefault("*", (module, "*"))
        for clause in (child for child in node.named_children if child.type == "export_clause"):
            for specifier in clause.named_children:
                name, alias = specifier.child_by_field_name("name"), specifier.child_by_field_name("alias")
                if name is None:
                    continue
                shown = self.of(alias or name)
                if source is not None:
                    found[shown] = (module, self.of(name))
                elif (declaration := self.top(self.of(name))) is not None:
                    found[shown] = declaration

    def _export_commonjs(self, node: Node, found: dict[str, Node | Declaration | tuple[str, str]]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        target = self.of(left).replace(" ", "")
        if target in {"module.exports", "exports"}:
            found["default"] = right
            if right.type == "object":
                for pair in right.named_children:
                    key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                    if pair.type == "pair" and key is not None and value is not None:
                        found[self.of(key).strip("'\"")] = value
                    elif pair.type == "shorthand_property_identifier" and (declaration := self.declaration(pair)) is not None:
                        found[self.of(pair)] = declaration
        elif target.startswith(("module.exports.", "exports.")):
            found[target.rsplit(".", 1)[-1]] = right

    def exported_names(self, declaration: Declaration) -> tuple[str, ...]:
        """Under which names other modules can import this declaration."""
        if declaration.scope != self.root.id:
            return ()
        found = []
        for name, target in self.exports.items():
            is_it = target is declaration
            if isinstance(target, Node) and target.type == "identifier":
                is_it = self.declaration(target) is declaration
            if is_it:
                found.append(name)
        return tuple(found)
