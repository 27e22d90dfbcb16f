"""Cleaning recipes: an ordered list of declarative steps that turn one Dataset version into the next.

Adding a step kind is adding one module to ``steps/``; ``STEP_KINDS``, validation and the JSON schema follow.
"""

from data_ingestion.logic.recipe.base import TableSource
from data_ingestion.logic.recipe.engine import (
    STEP_KINDS,
    AppliedRecipe,
    StepReport,
    apply_recipe,
    parse_recipe,
    recipe_schema,
)

__all__ = [
    "STEP_KINDS",
    "AppliedRecipe",
    "StepReport",
    "TableSource",
    "apply_recipe",
    "parse_recipe",
    "recipe_schema",
]
