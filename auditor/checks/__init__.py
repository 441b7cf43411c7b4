"""The functions an entry may name, by name."""

from auditor.checks import cors, environment, secrets, served, settings
from auditor.checks.base import Check, Judge, Match, Verdict

CHECKS: dict[str, Check] = {}

JUDGES: dict[str, Judge] = {
    "django/allowed-hosts-absent": settings.allowed_hosts_absent,
    "django/allowed-hosts-any": settings.allowed_hosts_any,
    "django/allowed-hosts-empty": settings.allowed_hosts_empty,
    "django/cors-any-origin": settings.cors_any_origin,
    "django/cors-localhost-only": settings.cors_localhost_only,
    "django/static-root-missing": settings.static_root_missing,
    "flask/cors-any-origin": cors.flask_any_origin,
    "flask/cors-localhost-only": cors.flask_localhost_only,
    "flask/served-path": served.flask_served_path,
    "python/hardcoded-secret": secrets.hardcoded_secret,
    "python/insecure-secret-default": secrets.insecure_default,
    "python/unchecked-environment-read": environment.unchecked_environment_read,
}

__all__ = ["CHECKS", "JUDGES", "Check", "Judge", "Match", "Verdict"]
