from django.db import models


class Stamp(models.Model):
    id = models.BigAutoField(primary_key=True)

    class Meta:
        app_label = "unmigrated"

    def __str__(self) -> str:
        return f"{self.id}"
