from django.db import models


class Lamp(models.Model):
    id = models.BigAutoField(primary_key=True)
    watts = models.IntegerField(default=0)

    class Meta:
        app_label = "status_unmade"

    def __str__(self) -> str:
        return f"{self.watts} W"
