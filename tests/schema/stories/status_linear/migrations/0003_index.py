from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("status_linear", "0002_pages")]
    operations = [migrations.RunSQL("SELECT 1", "SELECT 1")]
