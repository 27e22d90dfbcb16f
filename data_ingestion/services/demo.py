"""The demo project: a real survey, the 1996 American National Election Study as statsmodels ships it.

The data is read from the installed package, labelled by its own documentation, and uploaded like any user's file.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import services as accounts
from data_ingestion.services.files import start_ingestion
from data_ingestion.services.projects import create_project
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import PermissionDenied
from plugzero_api.kernel.tenancy import team_scope

EMAIL = "demo@example.com"
PASSWORD = "correct-horse-1996"
PROJECT = "American National Election Study 1996"

_PARTY = (
    "Strong Democrat",
    "Weak Democrat",
    "Independent-Democrat",
    "Independent",
    "Independent-Republican",
    "Weak Republican",
    "Strong Republican",
)
_LEANING = (
    "Extremely liberal",
    "Liberal",
    "Slightly liberal",
    "Moderate",
    "Slightly conservative",
    "Conservative",
    "Extremely conservative",
)
_EDUCATION = (
    "1-8 grades",
    "Some high school",
    "High school graduate",
    "Some college",
    "College degree",
    "Master's degree",
    "PhD",
)


def write_survey(path: Path) -> int:
    """Write the survey as CSV with readable answers; returns the number of respondents."""
    import statsmodels.api as sm

    frame = sm.datasets.anes96.load_pandas().data
    survey = frame[["age", "income"]].astype(int).rename(columns={"income": "income_bracket"})
    survey.insert(0, "respondent", range(1, len(frame) + 1))
    survey["education"] = [_EDUCATION[int(code) - 1] for code in frame["educ"]]
    survey["tv_news_per_week"] = frame["TVnews"].astype(int)
    survey["place_population_thousands"] = frame["popul"].astype(int)
    survey["party"] = [_PARTY[int(code)] for code in frame["PID"]]
    for source, target in (
        ("selfLR", "own_leaning"),
        ("ClinLR", "clinton_leaning"),
        ("DoleLR", "dole_leaning"),
    ):
        survey[target] = [_LEANING[int(code) - 1] for code in frame[source]]
    survey["vote"] = ["Dole" if code else "Clinton" for code in frame["vote"]]
    survey.to_csv(path, index=False)
    return len(survey)


def load_demo() -> bool:
    """Create the demo user, project and Dataset upload; False when they are there already.

    Raises ``PermissionDenied`` in production, where no account may have a published password.
    """
    if settings.PRODUCTION:
        raise PermissionDenied("The demo has a published password and is refused in production.")
    try:
        with transaction.atomic():
            user_id, team_id = accounts.create_user_with_team(
                email=EMAIL,
                password=PASSWORD,
                name="Demo Researcher",
                verified=True,
                is_staff=True,
                is_superuser=True,
            )
    except IntegrityError:
        return False
    principal = Principal(
        user_id=user_id, kind="session", access=accounts.find_access(user_id=user_id, team_id=team_id)
    )
    with team_scope(team_id):
        _upload(team_id, principal)
    return True


def _upload(team_id: UUID, principal: Principal) -> None:
    project = create_project(
        team_id=team_id,
        actor=principal,
        name=PROJECT,
        description="944 respondents on party, ideology and vote; real survey data to try every procedure on.",
    )
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        path = Path(folder) / "anes96.csv"
        write_survey(path)
        start_ingestion(actor=principal, project_id=project.pk, path=path, original_name="anes96.csv")
