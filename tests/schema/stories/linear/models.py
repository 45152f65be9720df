from django.db import models


class Book(models.Model):
    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=100)
    pages = models.IntegerField(default=0)

    class Meta:
        app_label = "linear"
        indexes = [models.Index(fields=["title"], name="book_title")]

    def __str__(self) -> str:
        return self.title
