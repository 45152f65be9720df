from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("status_linear", "0001_book")]
    operations = [migrations.RunSQL("SELECT 1", "SELECT 1")]
