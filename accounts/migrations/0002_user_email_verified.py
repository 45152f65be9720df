"""Staff can say that an e-mail address has been verified.

The default stands in the database too, so that a release that does not know the column goes on
adding users.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_verified",
            field=models.BooleanField(
                db_comment="Whether staff have confirmed that the address belongs to the person",
                db_default=False,
                default=False,
                verbose_name="e-mail verified",
            ),
        ),
    ]
