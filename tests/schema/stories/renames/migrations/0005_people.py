from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("renames", "0004_years")]
    operations = [
        migrations.AlterModelTable("Human", "people"),
    ]
