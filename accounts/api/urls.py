"""Where people and tokens are, below /api/v1/."""

from django.urls import path

from accounts.api import views

urlpatterns = [
    path("auth/token/", views.CurrentToken.as_view(), name="token"),
    path("auth/tokens/", views.TokenList.as_view(), name="tokens"),
    path("auth/tokens/<int:pk>/", views.TokenDetail.as_view(), name="token-detail"),
    path("users/me/", views.Me.as_view(), name="me"),
    path("users/me/password/", views.Password.as_view(), name="password"),
]
