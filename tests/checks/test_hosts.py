"""Django settings: hosts, origins, proxies, paths and storage that only hold on the developer's machine."""

import pytest
from made_judged import verdicts

HEAD = (
    "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent\nINSTALLED_APPS = ['corsheaders']\nROOT_URLCONF = 'shop.urls'\n"
)


def settings(root, rule, code, files=None, requirements="django\ndjango-cors-headers\n"):
    found = verdicts(root, f"django/{rule}", {"requirements.txt": requirements, "shop/settings.py": HEAD + code, **(files or {})})
    return [outcome for place, outcome in found if place != "shop/settings.py:4"]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("['shop.example', '.shop.example', '127.0.0.1', '[::1]']", ["pass"]),
        ("['https://shop.example']", ["fail"]),
        ("['shop.example:8443']", ["fail"]),
        ("['shop.example/']", ["fail"]),
        ("['*.shop.example']", ["fail"]),
        ("['shop.example,www.shop.example']", ["fail"]),
        ("['http://localhost:8000', 'shop.example']", ["pass"]),
        ("['shop.example:8443', 'shop.example']", ["pass"]),
        ("['*', 'https://shop.example']", []),
        ("os.environ['HOSTS'].split(',')", []),
    ],
)
def test_hosts(tmp_path, hosts, expected):
    assert settings(tmp_path, "allowed-hosts-form", f"ALLOWED_HOSTS = {hosts}") == expected


def test_a_later_binding_replaces_a_bad_list(tmp_path):
    code = "ALLOWED_HOSTS = ['https://shop.example']\nALLOWED_HOSTS = ['shop.example']"
    assert settings(tmp_path, "allowed-hosts-form", code) == ["pass", "pass"]


@pytest.mark.parametrize(
    ("origins", "csrf", "cors"),
    [
        ("['https://shop.example']", ["pass"], ["pass"]),
        ("['https://*.shop.example']", ["pass"], ["fail"]),
        ("['shop.example']", ["fail"], ["fail"]),
        ("['https://shop.example/']", ["fail"], ["fail"]),
        ("[]", [], []),
        ("os.environ.get('ORIGINS')", [], ["fail"]),
        ("os.environ['ORIGINS'].split(',')", [], []),
        ("[f'https://{host}' for host in HOSTS]", [], []),
    ],
)
def test_origins(tmp_path, origins, csrf, cors):
    assert settings(tmp_path / "a", "csrf-origin-form", f"CSRF_TRUSTED_ORIGINS = {origins}") == csrf
    assert settings(tmp_path / "b", "cors-origin-form", f"CORS_ALLOWED_ORIGINS = {origins}") == cors


def test_the_fork_of_django_cors_headers_has_no_such_checks(tmp_path):
    assert settings(tmp_path, "cors-origin-form", "CORS_ORIGIN_WHITELIST = ('0.0.0.0:4000',)", requirements="django\ndjango-cors-middleware\n") == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("os.environ.get('O', '').split(',')", ["fail"]),
        ("os.getenv('O', default='').split(',')", ["fail"]),
        ("os.environ.get('O', 'https://a.example').split(',')", ["pass"]),
        ("os.environ['O'].split(',')", []),
        ("[o for o in os.environ.get('O', '').split(',') if o]", []),
        ("os.environ.get('O', '').split()", []),
    ],
)
def test_splitting_a_variable_that_may_be_unset(tmp_path, value, expected):
    assert settings(tmp_path, "empty-origin-when-unset", f"CORS_ALLOWED_ORIGINS = {value}") == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("[r'^https://a\\.example']", ["fail"]),
        ("[r'^https://a\\.example$']", ["pass"]),
        ("[re.compile(r'^https://a\\.example')]", ["fail"]),
        ("[r'^http://127\\.0\\.0\\.1:\\d+']", ["pass"]),
        ("['.*']", []),
    ],
)
def test_patterns(tmp_path, patterns, expected):
    assert settings(tmp_path, "cors-pattern-unanchored", f"import re\nCORS_ALLOWED_ORIGIN_REGEXES = {patterns}") == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MIDDLEWARE = ['shop.middleware.A']", ["fail"]),
        ("MIDDLEWARE = ['corsheaders.middleware.CorsMiddleware']", ["pass"]),
        ("MIDDLEWARE = ['shop.middleware.A']\nMIDDLEWARE.insert(0, 'corsheaders.middleware.CorsMiddleware')", ["pass"]),
        ("MIDDLEWARE = ['shop.middleware.A']  # not corsheaders.middleware", ["fail"]),
    ],
)
def test_the_middleware_of_corsheaders(tmp_path, code, expected):
    assert settings(tmp_path, "cors-middleware-missing", code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True", ["review"]),
        ("CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True\nSESSION_COOKIE_SAMESITE = 'None'", ["fail"]),
        ("CORS_ALLOWED_ORIGINS = ['https://a.example']\nCORS_ALLOW_CREDENTIALS = True\nSESSION_COOKIE_SAMESITE = 'None'", ["pass"]),
        ("CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = False", []),
    ],
)
def test_credentials_for_every_origin(tmp_path, code, expected):
    assert settings(tmp_path, "cors-credentials-any-origin", code) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("('X-Forwarded-Proto', 'https')", ["fail"]),
        ("('X_FORWARDED_PROTO', 'https')", ["fail"]),
        ("('HTTP_X_FORWARDED_PROTO', 'https')", ["pass"]),
        ("None", []),
    ],
)
def test_the_key_of_the_proxy_header(tmp_path, value, expected):
    assert settings(tmp_path, "proxy-header-name", f"SECURE_PROXY_SSL_HEADER = {value}") == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SECURE_SSL_REDIRECT = True", ["fail"]),
        ("SECURE_SSL_REDIRECT = True\nSECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')", ["pass"]),
        ("SECURE_SSL_REDIRECT = False", []),
        ("SECURE_SSL_REDIRECT = os.environ.get('SSL') == '1'", []),
    ],
)
def test_redirects_behind_a_proxy(tmp_path, code, expected):
    assert settings(tmp_path, "ssl-redirect-loop", code) == expected


@pytest.mark.parametrize(
    ("rule", "code", "expected"),
    [
        ("relative-media-root", "MEDIA_ROOT = 'media'", ["fail"]),
        ("relative-media-root", "MEDIA_ROOT = BASE_DIR / 'media'", ["pass"]),
        ("relative-media-root", "MEDIA_ROOT = '/srv/media'", ["pass"]),
        ("relative-media-root", "MEDIA_ROOT = os.path.abspath('media')", ["fail"]),
        ("relative-static-directory", "STATICFILES_DIRS = [('vendor', 'vendor')]", ["fail"]),
        ("relative-static-directory", "STATICFILES_DIRS = []", []),
        ("relative-template-directory", "TEMPLATES = [{'DIRS': ['templates'], 'OPTIONS': {'loaders': ['a.b']}}]", ["fail"]),
        ("relative-template-directory", "TEMPLATES = [{'DIRS': [BASE_DIR / 'templates'], 'BACKEND': 'x.y'}]", ["pass"]),
        ("sqlite-relative-name", "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}", ["fail"]),
        ("sqlite-relative-name", "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}", ["pass"]),
        ("sqlite-relative-name", "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop'}}", []),
    ],
)
def test_paths(tmp_path, rule, code, expected):
    assert settings(tmp_path, rule, code) == expected


@pytest.mark.parametrize(
    ("code", "requirements", "expected"),
    [
        ("STATICFILES_STORAGE = 'a.B'", "django\n", ["fail"]),
        ("STATICFILES_STORAGE = 'a.B'\nSTORAGES = {}", "django\n", ["pass"]),
        ("STATICFILES_STORAGE = 'django.contrib.staticfiles.storage.StaticFilesStorage'", "django\n", []),
    ],
)
def test_removed_storage_settings(tmp_path, code, requirements, expected):
    assert settings(tmp_path, "removed-storage-setting", code, requirements=requirements) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ["fail"]),
        ({"nginx.conf": "location /media/ { alias /srv/media/; }"}, ["pass"]),
        ({"requirements.txt": "django\ndjango-storages\n"}, ["pass"]),
    ],
)
def test_uploads(tmp_path, files, expected):
    urls = "from django.conf import settings\nfrom django.conf.urls.static import static\nurlpatterns = static(settings.MEDIA_URL)\n"
    assert settings(tmp_path, "media-served-by-debug-only", "", {"shop/urls.py": urls, **files}) == expected


@pytest.mark.parametrize(
    ("code", "requirements", "expected"),
    [
        ("", "django\n", "fail"),
        ("LOGGING = {}", "django\n", "pass"),
        ("", "django\nsentry-sdk\n", "pass"),
        ("ADMINS = [('a', 'b')]", "django\n", "pass"),
    ],
)
def test_errors_leave_a_trace(tmp_path, code, requirements, expected):
    files = {"requirements.txt": requirements, "shop/settings.py": HEAD + code}
    assert verdicts(tmp_path, "django/errors-not-logged", files) == [("shop/settings.py:4", expected)]
