"""Judges of where Django keeps files, and of what its log keeps."""

from __future__ import annotations

import ast
import re

from auditor.checks.base import Match, Verdict
from auditor.checks.settings import Setting, family, of_setting, settled
from auditor.model import Outcome, Requirement
from auditor.project.project import Project, Unreadable
from auditor.project.python.values import Literal

_DEFAULTS = frozenset({"django.contrib.staticfiles.storage.StaticFilesStorage", "django.core.files.storage.FileSystemStorage"})
_STORAGES = (
    "django-storages",
    "django-cloudinary-storage",
    "django-s3-storage",
    "django-minio-storage",
    "django-storages-redux",
    "dj3-cloudinary-storage",
)
_TRACKERS = (
    "sentry-sdk",
    "raven",
    "rollbar",
    "bugsnag",
    "newrelic",
    "ddtrace",
    "opentelemetry-sdk",
    "elastic-apm",
    "django-structlog",
    "airbrake",
    "honeybadger",
    "scout-apm",
)
_SERVER_FILES = ("nginx", "yaml", "text", "dockerfile", "shell")


@of_setting
def removed_storage_setting(setting: Setting) -> Verdict | None:
    """FAILS for a storage setting that Django 5.1 no longer reads, unless STORAGES says the same.

    Source: https://docs.djangoproject.com/en/5.1/releases/5.1/#features-removed-in-5-1
    """
    frame, name, node = setting.frame, setting.name, setting.node
    value = frame.value(node)
    if isinstance(value, Literal) and (value.value is None or value.value in _DEFAULTS):
        return None
    for module in family(frame):
        bound = module.root.bindings.get("STORAGES")
        if bound:
            return Verdict(outcome=Outcome.PASS, message="STORAGES decides", related=(module.place(bound[-1].node),))
    key = "staticfiles" if name.startswith("STATIC") else "default"
    other = (
        '"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}'
        if key == "staticfiles"
        else '"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}'
    )
    suggest = {"site": f'STORAGES = {{{other}, "{key}": {{"BACKEND": {frame.module.source(node)}}}}}'}
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=setting.match.message, suggest=suggest)


def media_debug_only(project: Project, match: Match) -> Verdict | None:
    """FAILS when uploads are served by a helper that returns nothing with DEBUG off, and nothing else in the project serves or stores them."""
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call) or not frame.node.args:
        return None
    if "MEDIA" not in frame.module.source(frame.node.args[0]):
        return None
    if any(project.has(Requirement(package=name)) for name in _STORAGES):
        return Verdict(outcome=Outcome.PASS, message="a storage elsewhere keeps the files")
    for file in project.tree_files:
        if file.language not in _SERVER_FILES or file.size > 100_000:
            continue
        try:
            text = project.text(file.path)
        except Unreadable:
            continue
        if re.search(r"(?:location|handle|handle_path|alias|path|Alias|route)[^\n]{0,40}/?media|/media\b", text):
            return Verdict(outcome=Outcome.PASS, message=f"{file.path} serves the media folder")
    for module in frame.evaluator.world.modules_containing("django.views.static"):
        return Verdict(outcome=Outcome.PASS, message=f"{module.path} serves files with DEBUG off too")
    return Verdict(outcome=Outcome.FAIL, message=match.message)


@of_setting
def errors_not_logged(setting: Setting) -> Verdict | None:
    """FAILS when nothing is said about logging: Django's console handler is silent with DEBUG off, and a 500 only goes to ADMINS.

    Source: https://docs.djangoproject.com/en/stable/ref/logging/#default-logging-configuration
    """
    if "ROOT_URLCONF" not in setting.frame.module.root.bindings:
        return None
    for module in family(setting.frame):
        for other in ("LOGGING", "LOGGING_CONFIG", "ADMINS"):
            if other in module.root.bindings:
                return Verdict(outcome=Outcome.PASS, message=f"{other} is set", related=(module.place(module.root.bindings[other][-1].node),))
        if re.search(
            r"^\s*(?:logging\.(?:config\.)?(?:basicConfig|dictConfig|fileConfig)|sentry_sdk\.init|structlog\.configure)\(", module.text, re.MULTILINE
        ):
            return Verdict(outcome=Outcome.PASS, message=f"{module.path} sets logging up")
    tracker = next((package for package in _TRACKERS if setting.project.has(Requirement(package=package))), None)
    if tracker is not None:
        return Verdict(outcome=Outcome.PASS, message=f"{tracker} reports errors")
    return settled(setting.frame, setting.name, platform=True) or Verdict(outcome=Outcome.FAIL, message=setting.match.message)
