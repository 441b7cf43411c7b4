"""The functions an entry may name, by name."""

from auditor.checks import (
    allowed,
    cors,
    database,
    environment,
    express,
    frontend,
    logs,
    moments,
    routes,
    secrets,
    served,
    settings,
    startup,
    texts,
)
from auditor.checks.base import Check, Judge, Match, Verdict

CHECKS: dict[str, Check] = {
    "express/cors-after-routes": express.cors_after_routes,
    "express/cors-any-origin": express.cors_any_origin,
    "express/cors-credentials-any-origin": express.cors_credentials_any_origin,
    "express/cors-localhost-only": express.cors_localhost_only,
    "express/json-after-routes": express.json_after_routes,
    "express/json-missing": express.json_missing,
    "react/localhost-api-url": frontend.localhost_url,
    "vite/env-without-prefix": frontend.env_without_prefix,
    "vite/process-env": frontend.process_env,
    "vite/public-path": frontend.public_path,
}

JUDGES: dict[str, Judge] = {
    "django/allowed-hosts-absent": settings.allowed_hosts_absent,
    "django/allowed-hosts-any": settings.allowed_hosts_any,
    "django/allowed-hosts-empty": settings.allowed_hosts_empty,
    "django/cors-any-origin": settings.cors_any_origin,
    "django/cors-localhost-only": settings.cors_localhost_only,
    "django/static-root-missing": settings.static_root_missing,
    "flask/catch-all-shadowed": routes.catch_all_shadowed,
    "flask/cors-any-origin": cors.flask_any_origin,
    "flask/cors-localhost-only": cors.flask_localhost_only,
    "flask/decorator-above-route": routes.decorator_above_route,
    "flask/handler-swallows-http-errors": routes.handler_swallows_http_errors,
    "flask/origin-with-path": allowed.origin_with_path,
    "flask/run-at-import": startup.run_at_import,
    "flask/served-path": served.flask_served_path,
    "flask/unanchored-pattern": allowed.unanchored_pattern,
    "flask/unsplit-origins": allowed.unsplit_list,
    "python/flag-as-text": texts.flag_as_text,
    "python/frozen-default": moments.frozen_default,
    "python/hardcoded-secret": secrets.hardcoded_secret,
    "python/insecure-secret-default": secrets.insecure_default,
    "python/inside-event-loop": moments.inside_event_loop,
    "python/loggers-disabled": logs.loggers_disabled,
    "python/number-default": texts.number_default,
    "python/read-before-dotenv": startup.read_before_dotenv,
    "python/setup-under-main": startup.setup_under_main,
    "python/unchecked-environment-read": environment.unchecked_environment_read,
    "sqlalchemy/create-all-as-migration": database.create_all_as_migration,
    "sqlalchemy/heroku-scheme": database.heroku_scheme,
    "sqlalchemy/shared-session": database.shared_session,
    "sqlalchemy/sqlite-relative": database.sqlite_relative,
    "uvicorn/object-with-workers": startup.object_with_workers,
}

__all__ = ["CHECKS", "JUDGES", "Check", "Judge", "Match", "Verdict"]
