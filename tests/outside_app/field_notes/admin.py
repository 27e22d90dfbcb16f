from django.contrib import admin

from field_notes.models import Note
from plugzero_api.kernel.admin import ReadOnlyAdmin


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("key", "team", "created_at")
