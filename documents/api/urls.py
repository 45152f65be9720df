"""Where the documents are, below /api/v1/."""

from django.urls import path

from documents.api import bulk, views

urlpatterns = [
    path("documents/", views.DocumentList.as_view(), name="documents"),
    path("documents/bulk/", bulk.DocumentBulk.as_view(), name="documents-bulk"),
    path("documents/export/", bulk.DocumentExport.as_view(), name="documents-export"),
    path("documents/<uuid:pk>/", views.DocumentDetail.as_view(), name="document"),
    path("documents/<uuid:pk>/text/", views.DocumentText.as_view(), name="document-text"),
    path("documents/<uuid:pk>/file/", views.DocumentFile.as_view(), name="document-file"),
    path("documents/<uuid:pk>/retry/", views.DocumentRetry.as_view(), name="document-retry"),
]
