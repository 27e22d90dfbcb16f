"""The file engine: pure algorithms over paths and streams. No ORM, settings, clock or network.

Entry points: ``pipeline.ingest`` (any file -> typed Parquet tables), ``delimited.read_delimited_text``
(messy text -> header and raw string rows), ``preview.read_page``, ``export.write_export``,
``recipe.apply_recipe``, ``versions.compare_versions``, ``union.union_tables``.
"""
