"""Steps that people wrote as sentences: executed when nothing in them is left to guess.

A sentence is understood when it names one method and one path and every other word of it says something that can be checked: a status, a kind of
body, a key, a quoted text. What is left over makes the whole step refused, with the words that were not understood; nothing is ever guessed.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Literal

from auditor.runtime.paths import own_path
from auditor.runtime.target import Assertion, Capture, Endpoint, Step

_LONGEST = 2000
_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_REQUEST = re.compile(rf"(?<![\w/.-])(?:({_METHODS})|((?i:{_METHODS})))\s+[`'\"]?((?:https?://|/|{{{{)[^\s`'\"]*)[`'\"]?")
_OPENED = re.compile(r"(?<![\w/.-])(?i:open|visit|load|browse to|navigate to|go to)\s+[`'\"]?((?:https?://|/)[^\s`'\"]*)[`'\"]?")
_BARE = re.compile(r"[`'\"]?((?:https?://|/)[^\s`'\"]*)[`'\"]?")
_LIST_MARK = re.compile(r"(?:[-*•]|\(?\d{1,3}[.)]|(?i:step)\s+\d{1,3}\s*[:.)-])\s+")
_LABEL = re.compile("[\\w&'\u2019 -]{1,60}[:\u2013\u2014]|[\\w&'\u2019 -]{1,60}\\s-")
_CONDITION = re.compile(
    r"(?i)\b(?:with|without|as|after|before|if|when|while|unless|until|using|use|invalid|wrong|expired|missing|bad|not|no|non|unknown|un\w+|"
    r"anonymous|anonymously|empty|duplicate|existing|other|another|second|twice|again|repeat\w*|concurrent\w*|for)\b"
)
"""Words of a label that change what is asked for: `Login with a wrong password: POST /login` is no plain POST."""
_FILLER = re.compile(
    r"(?i)(?:\b(?:a|an|the|user|client|then|and|send|sends|call|calls|request|requests|make|makes|check|verify|ensure|that|do|via)\b[\s:,]*)*"
)
_PHRASES = "|".join(sorted((re.escape(status.phrase) for status in HTTPStatus), key=len, reverse=True))
_GAP = r"(?:[\s,;.]|→|->|=>|&|\band\b|\bthen\b|\bthat\b|\bwhich\b|\bit\b|\bshould\b|\bmust\b|\bwill\b)*"
_SAYS = (
    r"(?:(?:returns?|responds?|answers?|gives?|gets?|expects?|expect|yields?|contains?|includes?|has|have|is|be|with|containing|including)\b[\s:]*)*"
)
_ARTICLE = r"(?:(?:an?|the|some|new|valid)\s+)*"
_STATUS = re.compile(
    rf"(?i){_SAYS}{_ARTICLE}(?:HTTP\b\s*)?(?:status\b\s*)?(?:code\b\s*)?(?:of\s+)?[=:]?\s*"
    rf"([1-5]\d\d(?:\s*(?:/|,|\||\bor\b)\s*[1-5]\d\d)*)(?![\w.%])(?:\s*\(?(?:{_PHRASES})\b\)?)?(?:\s*(?:status|response)\b)?"
)
_KIND = re.compile(rf"(?i){_SAYS}{_ARTICLE}(JSON|HTML)\b(?:\s+(list|array|object|body|response|page|document|data))?\b")
_TOKEN = re.compile(rf"(?i){_SAYS}{_ARTICLE}[`'\"]?token[`'\"]?(?![\w-])(?:\s+in\s+(?:the\s+)?(?:body|response|answer))?")
_WITH_TOKEN = re.compile(r"(?i)(?:with|using)\s+(?:(?:the|that|a)\s+)?(?:bearer\s+)?token\b(?![\w-])")
"""Before the status it is about the request, after it about the answer."""
_KEY = re.compile(
    rf"(?:{_SAYS}{_ARTICLE}(?i:key|field|property)\s+[`'\"]?([A-Za-z_]\w*)[`'\"]?|{_SAYS}{_ARTICLE}[`]?(id|[a-z]+(?:_[a-z]+)+)[`]?)(?![\w-])"
)
_QUOTED = re.compile(rf"(?i){_SAYS}{_ARTICLE}(?:text\s+)?(?:\"([^\"]{{1,300}})\"|“([^”]{{1,300}})”|'([^']{{1,300}})')")
_BODY_WORDS = re.compile(r"(?i)[\s:]*(?:(?:with|and|the|a|JSON|body|data|payload|sending|sends?)\b[\s:]*)*")


def step(text: str, *, name: str = "") -> Step:
    """The step that a sentence asks for; one that is ``refused`` with the reason, when the sentence leaves something to guess. Never raises.

    `→ 200 with token` claims that the JSON has the key `token`, and keeps it: a flow sends it as bearer token from then on. `with token → 200` sends
    one that an earlier step kept.
    """
    shown = name or " ".join(text[:200].split())
    if len(text) > _LONGEST:
        return _refused(shown, f"is longer than {_LONGEST} characters")
    plain = _LIST_MARK.sub("", " ".join(text.split()), count=1) if _LIST_MARK.match(text.lstrip()) else " ".join(text.split())
    found = list(_REQUEST.finditer(plain))
    if len(found) > 1:
        return _refused(shown, "it names several requests: write a step for each")
    method, match, group = "GET", None, 1
    if found:
        match, group = found[0], 3
        method = (match.group(1) or match.group(2)).upper()
    else:
        match = _OPENED.search(plain) or _BARE.match(plain)
    if match is None:
        return _refused(shown, "it names no request, such as `GET /items`")
    path, ending = _trimmed(match.group(group))
    before, after = plain[: match.start()], ending + plain[match.end() :]
    if (reason := _path_problem(path)) or (reason := _before_problem(before)):
        return _refused(shown, reason)
    path, reason = own_path(path)
    if reason:
        return _refused(shown, f"the address {reason}")
    return _with_claims(shown, method, path, after)


def _trimmed(path: str) -> tuple[str, str]:
    """A path without the punctuation of its sentence, and that punctuation."""
    for mark in ("→", "->", "=>"):
        if mark in path:
            cut = path.index(mark)
            return path[:cut], path[cut:]
    kept = path.rstrip(".,;:!?)")
    return (kept, path[len(kept) :]) if kept else (path, "")


def _path_problem(path: str) -> str:
    bare = re.sub(r"\{\{\w+\}\}", "x", path)
    if re.search(r"[{}<>*]|\.\.\.|…", bare) or re.search(r"/:[A-Za-z_]", bare):
        return f"the address {path!r} has a placeholder whose value is not given"
    return ""


def _before_problem(before: str) -> str:
    before = before.strip()
    if not before or (_LABEL.fullmatch(before) and not _CONDITION.search(before)):
        return ""
    label = _LABEL.match(before)
    rest = before[label.end() :] if label and not _CONDITION.search(label.group()) else before
    filler = _FILLER.match(rest.strip())
    if filler is not None and filler.end() == len(rest.strip()):
        return ""
    return f"cannot tell what {before[:100]!r} asks for"


def _with_claims(name: str, method: str, path: str, after: str) -> Step:
    """The step, when all of what comes after the path is understood."""
    content, after, problem = _body(after)
    if problem:
        return _refused(name, problem)
    if content:  # what is sent may be a password, and names are shown
        name = f"{name.partition(content[0])[0]}{content[0]}…{content[-1]}"
    status: tuple[int, ...] = ()
    answer: Literal["any", "json", "html"] = "any"
    headers = {"Content-Type": "application/json"} if content else {}
    claims: list[Assertion] = []
    captures: list[Capture] = []
    contains: list[str] = []
    rest = _past(after)
    while rest:
        if rest[0] == "{" and status:
            data, length = _json(rest)
            if not isinstance(data, dict):
                return _refused(name, "the JSON of the answer cannot be read")
            claims.extend(Assertion(on="json", how="equals", key=f'["{key}"]', value=value) for key, value in data.items() if '"' not in key)
            answer, used = "json", length
        elif (found := _STATUS.match(rest)) and not status:
            status, used = tuple(int(code) for code in re.findall(r"\d{3}", found.group(1))), found.end()
        elif found := _KIND.match(rest):
            kind: Literal["json", "html"] = "json" if found.group(1).lower() == "json" else "html"
            shape = (found.group(2) or "").lower()
            if answer not in ("any", kind):
                return _refused(name, "it asks for JSON and for HTML")
            answer, used = kind, found.end()
            if kind == "json" and shape in ("list", "array", "object"):
                claims.append(Assertion(on="body", how="matches", value=r"\A\s*\{" if shape == "object" else r"\A\s*\["))
        elif not status and (found := _WITH_TOKEN.match(rest)):
            headers["Authorization"], used = "Bearer {{token}}", found.end()
        elif found := _TOKEN.match(rest):
            claims.append(Assertion(on="json", how="exists", key="token"))
            captures.append(Capture(name="token", source="json", key="token"))
            answer, used = "json", found.end()
        elif found := _KEY.match(rest):
            claims.append(Assertion(on="json", how="exists", key=found.group(1) or found.group(2)))
            answer, used = "json", found.end()
        elif found := _QUOTED.match(rest):
            contains.append(found.group(1) or found.group(2) or found.group(3))
            used = found.end()
        else:
            return _refused(name, f"cannot tell what {rest[:100]!r} asks for")
        rest = _past(rest[used:])
    request = Endpoint(path=path, method=method, status=status, answer=answer, contains=tuple(contains), headers=headers, content=content)
    return Step(name=name, request=request, assertions=tuple(claims), captures=tuple(captures), prose=True)


def _past(text: str) -> str:
    found = re.match(rf"(?i){_GAP}", text)
    return text[found.end() :] if found else text


def _body(after: str) -> tuple[str, str, str]:
    """The JSON right after the path, what comes after it, and what is wrong with it. JSON later on is an answer."""
    words = _BODY_WORDS.match(after)
    start = words.end() if words else 0
    if after[start : start + 1] not in ("{", "["):
        return "", after, ""
    data, length = _json(after[start:])
    if data is None:
        return "", after, "what it sends is no JSON that can be read"
    return after[start : start + length], after[start + length :], ""


def _json(text: str) -> tuple[object, int]:
    try:
        data, length = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, 0
    return data, length


def _refused(name: str, reason: str) -> Step:
    return Step(name=name, request=None, refused=reason, prose=True)
