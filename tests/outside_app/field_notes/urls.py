from django.urls import path

from field_notes.views import NoteViewSet

urlpatterns = [
    path("field-notes/", NoteViewSet.as_view({"get": "list", "post": "create"}), name="field-note-list"),
    path("field-notes/<uuid:pk>/", NoteViewSet.as_view({"get": "retrieve"}), name="field-note-detail"),
]
