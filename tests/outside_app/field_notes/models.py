from django.db import models

from plugzero_api.kernel.tenancy import TeamOwnedModel


class Note(TeamOwnedModel):
    """One effect of a task. Deliberately without a unique key, so that doing a thing twice is visible."""

    key = models.CharField(max_length=80)
    text = models.TextField(blank=True, default="")
    attempt = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.key


class Tick(models.Model):
    """One run of the scheduled task."""

    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.at)
