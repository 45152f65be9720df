from django.db import models


class Candle(models.Model):
    id = models.BigAutoField(primary_key=True)

    class Meta:
        app_label = "status_bare"

    def __str__(self) -> str:
        return "a candle"
