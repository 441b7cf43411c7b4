"""Django settings modules: which binding production ends up with."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import PurePosixPath

from auditor.checks.base import Judge, Match, Verdict
from auditor.checks.origins import is_loopback_only, is_wildcard
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.frame import Frame
from auditor.project.python.guards import class_role
from auditor.project.python.module import Module
from auditor.project.python.values import Literal, Reference, Sequence, Unknown, Value, over

_MARKS = ("INSTALLED_APPS", "ROOT_URLCONF", "MIDDLEWARE", "WSGI_APPLICATION")
_DEVELOPMENT_FILES = ("dev", "develop", "development", "local", "test", "testing", "tests", "ci", "debug")
# django-heroku and django-on-heroku set these themselves (https://github.com/heroku/django-heroku).
_PLATFORM_CALLS = ("django_heroku.settings", "django_on_heroku.settings")


def is_settings_module(module: Module) -> bool:
    """Whether a module is (part of) the Django settings of a project."""
    bound = module.root.bindings
    if any(mark in bound for mark in _MARKS):
        return True
    return "settings" in module.path.parts or (
        "settings" in module.path.stem and ("*" in bound or "SECRET_KEY" in bound) and not _has_config_class(module)
    )


def _has_config_class(module: Module) -> bool:
    return any(isinstance(node, ast.ClassDef) for node in module.tree.body)


def is_development_file(path: PurePosixPath) -> bool:
    """Whether a settings file says by its name that it is not for production."""
    words = path.stem.lower().replace("-", "_").split("_")
    return any(word in _DEVELOPMENT_FILES for word in words)


def successors(evaluator: Evaluator, module: Module) -> tuple[Module, ...]:
    """The settings modules that star-import ``module``, directly or through others."""
    found: list[Module] = []
    waiting = [module]
    while waiting:
        current = waiting.pop()
        for other in evaluator.world.modules_containing("import *"):
            if other in found or other is module:
                continue
            for binding in other.root.bindings.get("*", []):
                if _star_source(evaluator, other, binding.target) == current.path:
                    found.append(other)
                    waiting.append(other)
                    break
    return tuple(found)


def bases(evaluator: Evaluator, module: Module, depth: int = 0) -> tuple[Module, ...]:
    """The project modules that ``module`` star-imports, nearest first."""
    found: list[Module] = []
    for binding in module.root.bindings.get("*", []):
        path = _star_source(evaluator, module, binding.target)
        other = evaluator.world.module(path) if path is not None else None
        if other is not None and depth < 5:
            found += [other, *bases(evaluator, other, depth + 1)]
    return tuple(found)


def _star_source(evaluator: Evaluator, module: Module, target: str) -> PurePosixPath | None:
    source = target.removesuffix("*")
    if source.strip("."):
        source = source.removesuffix(".") if not source.endswith("..") else source
        source = source.rstrip(".")
    return evaluator.world.find(source, module.path)


def overridden(frame: Frame) -> Place | None:
    """Where production replaces what this site binds: later in the module, in a settings module that builds on it, or in a production class."""
    node = frame.node
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    if not isinstance(target, ast.Name):
        return None
    module, name = frame.module, target.id
    scope = module.scope_of(node)
    for binding in scope.bindings.get(name, []):
        if binding.line > getattr(node, "lineno", 0) and binding.kind in ("assign", "augment"):
            guards = frame.evaluator.guards(module, binding.node)
            if not guards or any(guard.kind == "production" for guard in guards):
                return module.place(binding.node, f"{name} is bound again here")
    if isinstance(scope.node, ast.ClassDef):
        return _overridden_in_class(frame, scope.node, name)
    production = [other for other in successors(frame.evaluator, module) if not is_development_file(other.path) and name in other.root.bindings]
    if production:
        return production[0].place(production[0].root.bindings[name][-1].node, f"{name} is bound again here")
    return None


def _overridden_in_class(frame: Frame, node: ast.ClassDef, name: str) -> Place | None:
    for other in frame.evaluator.world.modules_containing(node.name):
        for candidate in list(other.parents):
            if not isinstance(candidate, ast.ClassDef) or candidate is node or class_role(candidate.name) != "production":
                continue
            if name not in other.scopes[candidate].bindings:
                continue
            for base in candidate.bases:
                value = frame.evaluator.evaluate(other, base)
                if isinstance(value, Reference) and value.node is node:
                    return other.place(other.scopes[candidate].bindings[name][-1].node, f"{candidate.name} binds {name} again")
    return None


def _final(frame: Frame, name: str) -> Value:
    return frame.evaluator.name_in(frame.module, frame.module.root, name)


def setting_of(frame: Frame | None) -> str | None:
    """The setting a site binds at the top level of a settings module."""
    if frame is None or not isinstance(frame.node, (ast.Assign, ast.AnnAssign)):
        return None
    target = frame.node.targets[0] if isinstance(frame.node, ast.Assign) else frame.node.target
    if not isinstance(target, ast.Name) or frame.module.scope_of(frame.node) is not frame.module.root:
        return None
    return target.id if is_settings_module(frame.module) else None


def _platform(frame: Frame) -> Place | None:
    for call in frame.module.calls:
        if frame.evaluator.world.qualify(frame.module, call.func) in _PLATFORM_CALLS:
            return frame.module.place(call, "the platform helper sets this")
    return None


def _local_override(frame: Frame) -> Place | None:
    """`from .local_settings import *` of a file that is not in the repository: what production uses cannot be told."""
    for binding in frame.module.root.bindings.get("*", []):
        if binding.line > getattr(frame.node, "lineno", 0) and _star_source(frame.evaluator, frame.module, binding.target) is None:
            last = binding.target.removesuffix("*").strip(".").rsplit(".", 1)[-1]
            if last and (binding.target.startswith(".") or any(word in last for word in ("local", "settings", "production", "prod"))):
                return frame.module.place(binding.node, f"{last} is not in the repository and may replace it")
    return None


def settled(frame: Frame, name: str, *, platform: bool = True) -> Verdict | None:
    """What decides before the value does: another binding, a platform helper, an untracked local file."""
    other = overridden(frame)
    if other is not None:
        return Verdict(outcome=Outcome.PASS, message=f"{name} is bound again at {other}", related=(other,))
    helper = _platform(frame) if platform else None
    if helper is not None:
        return Verdict(outcome=Outcome.PASS, message=f"{name} is set by the platform helper", related=(helper,))
    local = _local_override(frame)
    if local is not None:
        return Verdict(outcome=Outcome.REVIEW, message=f"{name} may be replaced by a file that is not in the repository", related=(local,))
    return None


def is_production_setting(frame: Frame) -> bool:
    """Whether a site stands in a settings module that production may load."""
    return not is_development_file(frame.module.path)


def allowed_hosts_any(project: Project, match: Match) -> Verdict | None:
    """FAILS when ALLOWED_HOSTS accepts every host name in production."""
    del project
    frame = match.frame
    name = setting_of(frame)
    if frame is None or name is None or not is_production_setting(frame):
        return None
    answer = is_wildcard(_final(frame, name))
    if answer is False:
        return Verdict(outcome=Outcome.PASS, message="the host names are listed or configured")
    decided = settled(frame, name, platform=False)  # the helpers set ["*"] themselves
    if decided is not None:
        return decided
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="any host name is accepted when a variable is unset")
    return Verdict(outcome=Outcome.FAIL)


def allowed_hosts_empty(project: Project, match: Match) -> Verdict | None:
    """FAILS when ALLOWED_HOSTS is empty or names only this machine: with DEBUG off every real host name gets 400."""
    del project
    frame = match.frame
    name = setting_of(frame)
    if frame is None or name is None or not is_production_setting(frame):
        return None
    final = _final(frame, name)
    if is_wildcard(final) is True:
        return None
    answer = over(final, _empty_or_loopback)
    if answer is False:
        return Verdict(outcome=Outcome.PASS, message="names a host, or is configured")
    decided = settled(frame, name)
    if decided is not None:
        return decided
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="which host names are accepted cannot be told")
    return Verdict(outcome=Outcome.FAIL)


def allowed_hosts_absent(project: Project, match: Match) -> Verdict | None:
    """FAILS when a whole settings module, with what it builds on and what builds on it, never binds ALLOWED_HOSTS: Django's default is empty."""
    del project
    frame = match.frame
    if frame is None or setting_of(frame) is None or not is_production_setting(frame) or "ROOT_URLCONF" not in frame.module.root.bindings:
        return None
    family = (frame.module, *successors(frame.evaluator, frame.module), *bases(frame.evaluator, frame.module))
    if any("ALLOWED_HOSTS" in module.root.bindings for module in family):
        return None  # judged where it is bound
    return settled(frame, "ALLOWED_HOSTS") or Verdict(outcome=Outcome.FAIL)


def _empty_or_loopback(value: Value) -> bool | None:
    match value:
        case Sequence(items=(), open=is_open):
            return None if is_open else True
        case Sequence(items=items, open=is_open):
            answers = [is_loopback_only(item) or _is_test_host(item) for item in items]
            if False in answers:
                return False
            return None if is_open or None in answers else True
        case Literal(value=None):
            return True
        case Unknown():
            return None
        case _:
            return False


def _is_test_host(value: Value) -> bool | None:
    if isinstance(value, Literal) and isinstance(value.value, str):
        return value.value in ("testserver", "", "host.docker.internal", "10.0.2.2")
    return is_loopback_only(value)


def static_root_missing(project: Project, match: Match) -> Verdict | None:
    """FAILS when static files are configured but STATIC_ROOT is bound nowhere: `collectstatic` stops with ImproperlyConfigured."""
    del project
    frame = match.frame
    name = setting_of(frame)
    if frame is None or name is None or not is_production_setting(frame):
        return None
    evaluator = frame.evaluator
    for module in (frame.module, *successors(evaluator, frame.module), *bases(evaluator, frame.module)):
        for setting in ("STATIC_ROOT", "STATICFILES_STORAGE", "STORAGES"):
            if setting == "STATIC_ROOT" and setting in module.root.bindings:
                place = module.place(module.root.bindings[setting][-1].node, "STATIC_ROOT is bound here")
                return Verdict(outcome=Outcome.PASS, message="STATIC_ROOT is set", related=(place,))
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL)


def cors_localhost_only(project: Project, match: Match) -> Verdict | None:
    """FAILS when django-cors-headers only ever allows this machine's own origins."""
    del project
    frame = match.frame
    name = setting_of(frame)
    if frame is None or name is None or not is_production_setting(frame):
        return None
    bound = frame.module.root.bindings
    for everything in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"):
        if everything in bound:
            value = _final(frame, everything)
            if not (isinstance(value, Literal) and value.value is False):
                return Verdict(outcome=Outcome.PASS, message=f"{everything} decides", related=(frame.module.place(bound[everything][-1].node),))
    for pattern in ("CORS_ALLOWED_ORIGIN_REGEXES", "CORS_ORIGIN_REGEX_WHITELIST"):
        if pattern in bound:
            return Verdict(outcome=Outcome.PASS, message=f"{pattern} allows others", related=(frame.module.place(bound[pattern][-1].node),))
    answer = is_loopback_only(_final(frame, name))
    if answer is False:
        return Verdict(outcome=Outcome.PASS, message="an origin other than this machine's own can be allowed")
    decided = settled(frame, name)
    if decided is not None:
        return decided
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="which origins are allowed cannot be told")
    return Verdict(outcome=Outcome.FAIL)


def cors_any_origin(project: Project, match: Match) -> Verdict | None:
    """FAILS when django-cors-headers is told to allow every origin in production."""
    del project
    frame = match.frame
    name = setting_of(frame)
    if frame is None or name is None or not is_production_setting(frame):
        return None
    answer = over(_final(frame, name), lambda value: value.value is True if isinstance(value, Literal) else None)
    if answer is False:
        return Verdict(outcome=Outcome.PASS, message="only listed origins are allowed")
    decided = settled(frame, name)
    if decided is not None:
        return decided
    if answer is None:
        return Verdict(outcome=Outcome.REVIEW, message="depends on the environment")
    return Verdict(outcome=Outcome.FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of a module that production may load: ``name`` is given the value of ``node``."""

    project: Project
    match: Match
    frame: Frame
    name: str
    node: ast.expr


def of_setting(judge: Callable[[Setting], Verdict | None]) -> Judge:
    """A judge that is asked only about settings of modules production may load; any other site is none of its entry."""

    @wraps(judge)
    def judged(project: Project, match: Match) -> Verdict | None:
        frame, name = match.frame, setting_of(match.frame)
        if frame is None or name is None or not is_production_setting(frame) or not isinstance(frame.node, (ast.Assign, ast.AnnAssign)):
            return None
        if frame.node.value is None:
            return None
        return judge(Setting(project=project, match=match, frame=frame, name=name, node=frame.node.value))

    return judged


def family(frame: Frame) -> tuple[Module, ...]:
    """The settings module, those that build on it, and those it builds on."""
    return (frame.module, *successors(frame.evaluator, frame.module), *bases(frame.evaluator, frame.module))


def final(frame: Frame, name: str) -> Value:
    """What a setting of the module ends up as."""
    return frame.evaluator.name_in(frame.module, frame.module.root, name)
