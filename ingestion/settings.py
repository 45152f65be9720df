"""Every setting, read once from the environment (and from `.env`, if there is one)."""

from pathlib import Path

from ingestion import environment
from ingestion.database import database, is_embedded, programs
from ingestion.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = environment.read(dotenv=BASE_DIR / ".env")

# --- Where it runs -------------------------------------------------------------------------

DEBUG = env.flag("DEBUG")
LAPTOP = env.flag("LAPTOP")
HTTPS = env.flag("HTTPS")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")
PORT = env.number("PORT", default=8000, most=65535)

DATABASES = {"default": database(env, project=BASE_DIR)}
EMBEDDED = is_embedded(env)
SECRET_KEY = secret_key(env, generate_in=BASE_DIR if EMBEDDED or LAPTOP else None)

VERSION = "1.3.0"

# --- What it is made of --------------------------------------------------------------------

INSTALLED_APPS = [
    "ingestion.apps.IngestionConfig",
    "ingestion.schema.apps.SchemaConfig",
    "django_linear_migrations",
    "accounts",
    "documents",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "ingestion.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ingestion.pages.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "ingestion.pages.AuthenticationMiddleware",
    "ingestion.pages.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "ingestion.urls"
WSGI_APPLICATION = "ingestion.wsgi.application"
# A redirect turns a POST into a GET; problems.py names the missing slash instead.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- How the schema is changed -------------------------------------------------------------

SCHEMA = {
    "PROJECT": BASE_DIR,
    "VERSION": VERSION,
    "COMMIT": env.text("GIT_COMMIT"),
    "PROGRAMS": programs,
    "LOCK_TIMEOUT_MS": env.number("MIGRATE_LOCK_TIMEOUT_MS", default=200, most=600_000),
    "RETRY_SECONDS": env.number("MIGRATE_RETRY_SECONDS", default=300, most=86_400),
    "BUDGET_SECONDS": env.number("MIGRATE_BUDGET_SECONDS", default=3600, most=604_800),
}

# --- Who may come in -----------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.login.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
TOKEN_DAYS = env.number("TOKEN_DAYS", default=90, most=36500)

# --- What it keeps, and how much of it at once ---------------------------------------------

STORAGE_DIR = BASE_DIR / env.text("STORAGE_DIR", default=".storage")
STORAGES = {
    "default": {
        "BACKEND": "documents.blobs.DurableStorage",
        "OPTIONS": {"location": str(STORAGE_DIR)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MAX_UPLOAD_BYTES = env.number("MAX_UPLOAD_BYTES", default=2 * 1024**3, most=10**15)
MAX_JSON_BYTES = 10 * 1000**2
# Of many documents in one request, inflated where it is compressed.
MAX_BULK_BYTES = env.number("MAX_BULK_BYTES", default=16 * 1024**3, most=10**15)
# Of the process that reads one document, its program included.
EXTRACTION_MEMORY_BYTES = env.number(
    "EXTRACTION_MEMORY_BYTES", default=1024**3, most=10**15, least=128 * 1024**2
)
# The fields of a form beside its file: metadata and a few words.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1000**2

# --- The API -------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["documents.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "documents.api.negotiation.JSONNegotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "ingestion.problems.problem_handler",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ingestion service",
    "DESCRIPTION": "Takes documents in, keeps them, makes them searchable.\n\n"
    "A 2xx answer means *kept*. Sending the same content again is safe: it is one document. "
    "Every failure is `application/problem+json` (RFC 9457) with a `code` to act on.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "displayRequestDuration": True},
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["ingestion.openapi.describe_problems"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# --- Transport -----------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Probes come over plain HTTP from beside the service.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
X_FRAME_OPTIONS = "DENY"

# --- Static files, language, log -----------------------------------------------------------

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # straight from the packages: no collectstatic step to forget

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "documents": {"level": "INFO"},
        "ingestion": {"level": "INFO"},
        # Answers of 4xx are the caller's business, and already say why.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
    },
}
