from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("branched", "0003_a2"), ("branched", "0003_b2")]
