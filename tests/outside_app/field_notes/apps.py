from datetime import timedelta

from plugzero_api.kernel.plugins import (
    CONTRIBUTORS,
    EVERYONE,
    Manifest,
    MicroAppConfig,
    NavigationItem,
    Permission,
    Schedule,
)


class FieldNotesConfig(MicroAppConfig):
    name = "field_notes"
    manifest = Manifest(
        slug="field_notes",
        title="Field notes",
        description="Notes taken in interviews.",
        url_prefixes=("field-notes",),
        requires=("accounts", "data_ingestion"),
        permissions=(
            Permission("field_notes.view", "Read field notes", EVERYONE),
            Permission("field_notes.write", "Write field notes", CONTRIBUTORS),
        ),
        tasks=(
            "field_notes.tally",
            "field_notes.noop",
            "field_notes.crash",
            "field_notes.hang",
            "field_notes.flaky",
            "field_notes.tick",
        ),
        schedules=(Schedule("field_notes.tick", "field_notes.tick", every=timedelta(seconds=6)),),
        navigation=(
            NavigationItem("field-notes", "Field notes", "/field-notes", "note", "field_notes.view"),
        ),
    )
