from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from field_notes.models import Note
from plugzero_api.kernel import tasks
from plugzero_api.kernel.api.serializers import StrictSerializer
from plugzero_api.kernel.api.views import PlatformViewSet, accepted
from plugzero_api.kernel.errors import NotFound
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer


class NoteSerializer(serializers.Serializer[Note]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    text = serializers.CharField()


class NoteWriteSerializer(StrictSerializer):
    key = serializers.CharField(max_length=80)
    seconds = serializers.FloatField(default=0.0)


class NoteViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Notes; writing one is a task."""

    permission_of = {
        "list": "field_notes.view",
        "retrieve": "field_notes.view",
        "create": "field_notes.write",
    }
    queryset = Note._base_manager.none()
    serializer_class = NoteSerializer

    def get_queryset(self) -> Any:
        return Note.objects.order_by("created_at")

    @extend_schema(responses=NoteSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        try:
            return Response(NoteSerializer(Note.objects.get(pk=pk)).data)
        except ObjectDoesNotExist:
            raise NotFound from None

    @extend_schema(request=NoteWriteSerializer, responses={202: TaskRunSerializer})
    def create(self, request: Request) -> Response:
        body = NoteWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        info = tasks.start(
            "field_notes.tally",
            team_id=self.access.team_id,
            user_id=self.principal.user_id,
            args=body.validated_data,
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)
