"""The whole URL map."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from ingestion import health

FAVICON = static("drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png")

urlpatterns = [
    # First what is asked for most: they are tried in this order.
    path("api/v1/", include("documents.api.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("", RedirectView.as_view(pattern_name="docs")),
    path("favicon.ico", RedirectView.as_view(url=FAVICON)),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="openapi"), name="docs"),
    path("health/live", health.live),
    path("health/ready", health.ready),
]
