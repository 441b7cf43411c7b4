"""Judges of the host names and origins in Django settings: which of them can a request never carry, and which let strangers in?

A Host header is `name[:port]` and is compared without the port (https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts); an origin is
`scheme://host[:port]` without a path (https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from auditor.checks.base import Verdict
from auditor.checks.origins import is_loopback_origin, is_wildcard
from auditor.checks.settings import Setting, family, final, of_setting, settled
from auditor.model import Outcome, Requirement
from auditor.project.python.frame import Frame
from auditor.project.python.values import Literal, Sequence, Value, in_production

_READS = frozenset({"os.getenv", "os.environ.get", "decouple.config", "environ.get"})
_EVERYTHING = frozenset({".*", "^.*$", ".+", "^.+$", r"^https?://.*$", r"^https?://.*"})


def _texts(value: Value) -> Iterator[str]:
    """The texts that are written in a list; what a variable holds is not known."""
    for option in in_production(value):
        match option.value:
            case Literal(value=str() as text):
                yield text
            case Sequence(items=items):
                for item in items:
                    yield from _texts(item)
            case _:
                pass


def _mended(frame: Frame, node: ast.expr, wrong: str, right: str) -> Mapping[str, str]:
    """The list with one text replaced, when it is written there."""
    source = frame.module.source(node)
    for quote in ('"', "'"):
        if quote + wrong + quote in source:
            return {"$VALUE": source.replace(quote + wrong + quote, quote + right + quote)}
    return {}


def _judge(setting: Setting, problem: Callable[[str], tuple[str, str] | None], good: str) -> Verdict | None:
    """FAILS for the first text with a problem: why, and the text that is meant."""
    frame, name, node = setting.frame, setting.name, setting.node
    texts = list(_texts(frame.value(node)))
    found = next(((text, wrong) for text in texts if (wrong := problem(text)) is not None and wrong[1] not in texts), None)
    if found is None:
        return Verdict(outcome=Outcome.PASS, message=good) if texts else None
    text, (why, right) = found
    suggest = _mended(frame, node, text, right) if right else {}
    return settled(frame, name, platform=False) or Verdict(outcome=Outcome.FAIL, message=why, suggest=suggest)


@of_setting
def host_form(setting: Setting) -> Verdict | None:
    """FAILS for an entry of ALLOWED_HOSTS that no Host header equals: with a scheme, a port, a path, a glob or several names in one text."""
    if is_wildcard(setting.frame.value(setting.node)) is not False:
        return None  # everything is let in
    return _judge(setting, _host_problem, "every entry is a host name")


def _host_problem(text: str) -> tuple[str, str] | None:
    host = text.strip()
    if not host or is_loopback_origin(host):
        return None
    if "," in host:
        return f'"{text}" is taken for one host name: requests for either answer 400', ""
    bare = re.sub(r"^[a-z][a-z0-9+.\-]*://", "", host, flags=re.IGNORECASE)
    if bare != host:
        return f'"{text}" has a scheme, and no Host header has one: requests for it answer 400', re.sub(r"(?::\d+)?(?:/.*)?$", "", bare)
    if host.startswith("*."):
        return f'"{text}" is no pattern: subdomains are written with a leading dot', host[1:]
    if "/" in host:
        return f'"{text}" has a slash, and no Host header has one: requests for it answer 400', host.split("/")[0]
    if re.search(r"[^:]:\d+$", host) and not host.startswith("["):
        return f'"{text}" has a port, and the port is taken off before names are compared: requests for it answer 400', host.rsplit(":", 1)[0]
    return None


@of_setting
def csrf_origin_form(setting: Setting) -> Verdict | None:
    """FAILS for a trusted origin without a scheme (the check 4_0.E001 stops every command) or with a path (it never equals an Origin)."""
    return _judge(setting, _csrf_problem, "every entry is an origin")


def _csrf_problem(text: str) -> tuple[str, str] | None:
    if not text.strip():
        return None
    if "://" not in text:
        return f'"{text}" has no scheme: the check 4_0.E001 stops every manage.py command, and forms answer 403', f"https://{text.strip('/')}"
    if re.search(r"://[^/]+/", text):
        return f'"{text}" has a slash or a path, and no Origin header has one: forms sent from there answer 403', _origin_of(text)
    return None


@of_setting
def cors_origin_form(setting: Setting) -> Verdict | None:
    """FAILS for an origin that django-cors-headers refuses (E013, E014), or that never equals what a browser sends.

    django-cors-middleware is a fork from before those checks and is imported by the same name.
    """
    if setting.project.has(Requirement(package="django-cors-middleware")):
        return None
    frame, name, node = setting.frame, setting.name, setting.node
    value = frame.value(node)
    if isinstance(value, Literal) and isinstance(value.value, str):
        why = "a text is taken apart letter by letter: the check E013 stops every manage.py command, and no origin is allowed"
        return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=why, suggest={"$VALUE": f"[{frame.module.source(node)}]"})
    read = _plain_read(frame, node)
    if read:
        why = "the text of the variable is taken apart letter by letter: the check E013 stops every manage.py command, and no origin is allowed"
        suggest = {"$VALUE": f'[origin for origin in os.environ.get("{read}", "").split(",") if origin]'}
        return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=why, suggest=suggest)
    return _judge(setting, _cors_problem, "every entry is an origin")


def _plain_read(frame: Frame, node: ast.expr) -> str:
    """The name of the variable when a setting is its text as it is: no split, no cast, no list as default."""
    if isinstance(node, ast.Subscript) and frame.evaluator.world.qualify(frame.module, node.value) == "os.environ":
        return node.slice.value if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str) else ""
    if isinstance(node, ast.Call) and frame.evaluator.world.qualify(frame.module, node.func) in ("os.getenv", "os.environ.get") and node.args:
        first = node.args[0]
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return ""


def _cors_problem(text: str) -> tuple[str, str] | None:
    origin = text.strip()
    if not origin or origin in ("null", "file://"):
        return None
    if origin == "*":
        return '"*" is no origin here: the check E013 stops every manage.py command, and no origin is allowed', ""
    if "," in origin:
        return f'"{text}" is taken for one origin, which no browser sends', ""
    if "://" not in origin:
        return f'"{text}" has no scheme: the check E013 stops every manage.py command, and it is never allowed', f"https://{origin.strip('/')}"
    if re.search(r"://[^/]+/", origin):
        return f'"{text}" ends in a slash or a path: the check E014 stops every manage.py command, migrate included', _origin_of(origin)
    if "*" in origin:
        return f'"{text}" is compared as it stands, and no browser sends a star: patterns go into CORS_ALLOWED_ORIGIN_REGEXES', ""
    return None


def _origin_of(text: str) -> str:
    scheme, _, rest = text.strip().partition("://")
    return f"{scheme}://{rest.split('/')[0]}"


@of_setting
def split_of_unset(setting: Setting) -> Verdict | None:
    """FAILS for `os.environ.get("X", "").split(",")` as a list of origins: an unset variable gives `[""]`, which the system checks refuse."""
    frame, name, node = setting.frame, setting.name, setting.node
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call() as read, attr="split"), args=[ast.Constant(value=str() as separator), *_]):
            pass
        case _:
            return None
    if frame.evaluator.world.qualify(frame.module, read.func) not in _READS and not ast.unparse(read.func).lower().endswith(
        ("env", "env.str", "config")
    ):
        return None
    default = read.args[1] if len(read.args) > 1 else next((keyword.value for keyword in read.keywords if keyword.arg == "default"), None)
    if not isinstance(default, ast.Constant) or default.value != "":
        return Verdict(outcome=Outcome.PASS, message="an unset variable does not become an empty origin")
    suggest = {"$VALUE": f"[origin.strip() for origin in {frame.module.source(node)} if origin.strip()]"} if separator == "," else {}
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=setting.match.message, suggest=suggest)


@of_setting
def cors_pattern(setting: Setting) -> Verdict | None:
    """FAILS for a pattern without an end: django-cors-headers uses `re.match`, so `https://app.example.com.evil.test` gets in too."""
    frame, name, node = setting.frame, setting.name, setting.node
    patterns = [text for text in (*_texts(frame.value(node)), *_compiled(node)) if text not in _EVERYTHING]
    loose = [text for text in patterns if not text.rstrip(")").endswith(("$", r"\Z", ".*", r":\d+", ":[0-9]+"))]
    if not loose:
        return Verdict(outcome=Outcome.PASS, message="the patterns have an end") if patterns else None
    why = f'"{loose[0]}" has to match only the start of an origin: a host that goes on with .evil.test is allowed too'
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=why, suggest=_mended(frame, node, loose[0], loose[0] + "$"))


def _compiled(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Attribute(attr="compile"), args=[ast.Constant(value=str() as text), *_]):
                yield text
            case _:
                pass


@of_setting
def cors_middleware_missing(setting: Setting) -> Verdict | None:
    """FAILS when `corsheaders` is installed as an app and no settings module of the family names its middleware: no header is ever sent."""
    frame, name = setting.frame, setting.name
    texts = "\n".join(module.text for module in family(frame))
    if not re.search(r"""^[^#\n]*["']corsheaders["']""", texts, re.MULTILINE):
        return None
    if re.search(r"^[^#\n]*(?:corsheaders\.middleware|CorsMiddleware|CorsPostCsrfMiddleware)", texts, re.MULTILINE):
        return Verdict(outcome=Outcome.PASS, message="CorsMiddleware is there")
    return settled(frame, name, platform=False) or Verdict(outcome=Outcome.FAIL, message=setting.match.message)


@of_setting
def cors_credentials_any_origin(setting: Setting) -> Verdict | None:
    """FAILS when any origin is allowed together with credentials, and a cookie goes along from other sites; without such a cookie for review.

    Django's session cookie is SameSite=Lax unless it is told otherwise (https://docs.djangoproject.com/en/stable/ref/settings/#session-cookie-samesite).
    """
    frame, name, node = setting.frame, setting.name, setting.node
    allowed = frame.value(node)
    if not (isinstance(allowed, Literal) and allowed.value is True):
        return None
    everything = [setting for setting in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL") if setting in frame.module.root.bindings]
    values = [final(frame, setting) for setting in everything]
    if not any(isinstance(value, Literal) and value.value is True for value in values):
        return Verdict(outcome=Outcome.PASS, message="the origins are listed")
    decided = settled(frame, name)
    if decided is not None:
        return decided
    related = (frame.module.place(frame.module.root.bindings[everything[0]][-1].node, "allows every origin"),)
    if not _crosses_sites(frame):
        message = "every origin is allowed with credentials; SameSite=Lax keeps Django's cookies from other sites, but not from other subdomains"
        return Verdict(outcome=Outcome.REVIEW, message=message, related=related)
    return Verdict(outcome=Outcome.FAIL, message=setting.match.message, related=related)


def _crosses_sites(frame: Frame) -> bool:
    """Whether a cookie is told to go along with requests from other sites."""
    for word in ("SAMESITE", "samesite"):
        for path in frame.evaluator.world.containing(word):
            if re.search(r"""samesite["']?\s*[=:]\s*["']none["']""", frame.evaluator.world.files.source(path) or "", re.IGNORECASE):
                return True
    return False


@of_setting
def proxy_header_name(setting: Setting) -> Verdict | None:
    """FAILS when SECURE_PROXY_SSL_HEADER holds the name of the header instead of its key in `request.META`.

    Source: https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header
    """
    frame, name, node = setting.frame, setting.name, setting.node
    value = frame.value(node)
    if not isinstance(value, Sequence) or not value.items or not isinstance(value.items[0], Literal) or not isinstance(value.items[0].value, str):
        return None
    header = value.items[0].value
    if header.startswith("HTTP_") and header == header.upper() and "-" not in header:
        return Verdict(outcome=Outcome.PASS, message="the key of the header in request.META")
    key = header.upper().replace("-", "_")
    why = f'"{header}" is no key of request.META, so no request ever counts as HTTPS'
    suggest = _mended(frame, node, header, key if key.startswith("HTTP_") else f"HTTP_{key}")
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=why, suggest=suggest)


@of_setting
def ssl_redirect_loop(setting: Setting) -> Verdict | None:
    """FAILS when plain HTTP is always redirected and nothing tells Django that the proxy in front spoke HTTPS."""
    frame, name, node = setting.frame, setting.name, setting.node
    value = frame.value(node)
    if not (isinstance(value, Literal) and value.value is True):
        return None
    for module in family(frame):
        bound = module.root.bindings.get("SECURE_PROXY_SSL_HEADER")
        if bound:
            return Verdict(outcome=Outcome.PASS, message="the proxy's header is trusted", related=(module.place(bound[-1].node),))
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=setting.match.message)
