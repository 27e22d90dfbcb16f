"""Exploratory factor analysis with rotation, KMO, Bartlett and parallel analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import heatmap
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, collinear, constant_column, did_not_converge, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.components import (
    bartlett_sphericity,
    eigen,
    kaiser_meyer_olkin,
    likelihood_fit,
    maximum_likelihood,
    oblimin,
    ordered_factors,
    parallel_eigenvalues,
    principal_axis,
    promax,
    varimax,
)
from analysis.logic.stats.gram import Gram


class FactorAnalysisParameters(Parameters):
    variables: ColumnNames = columns("Variables", accepts=NUMERIC, min_items=3, max_items=100)
    factors: int | None = option(
        None, "Factors", ge=1, le=30, help="By default as many as parallel analysis keeps."
    )
    extraction: Literal["maximum_likelihood", "principal_axis"] = option("maximum_likelihood", "Extraction")
    rotation: Literal["varimax", "promax", "oblimin", "none"] = option("oblimin", "Rotation")
    replicates: int = option(100, "Replicates of the parallel analysis", ge=20, le=2_000)


def compute(frame: Frame, parameters: FactorAnalysisParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.variables)
    frame.require_rows()
    gram = Gram.empty(len(names))
    for chunk in frame.chunks(names, complete=True):
        gram = gram.merge(Gram.of(chunk.x, None if frame.weight is None else chunk.weights))
    if gram.n <= len(names):
        raise too_few_rows(gram.n, len(names) + 1, f"a factor analysis of {len(names)} variables")
    for k, name in enumerate(names):
        if not gram.scatter[k, k] > 0:
            raise constant_column(name, float(gram.mean[k]))
    r = gram.correlation
    values, vectors = eigen(r)
    if values[-1] < 1e-10:
        raise collinear([name for name, v in zip(names, vectors[:, -1], strict=True) if abs(v) > 1e-6])
    chance = parallel_eigenvalues(gram.n, len(names), parameters.replicates, context.generator())
    suggested = 0
    while suggested < len(names) and values[suggested] > chance[suggested]:
        suggested += 1
    m, p = parameters.factors or max(1, suggested), len(names)
    if ((p - m) ** 2 - p - m) < 0:
        raise ProcedureError(
            "too_many_factors",
            f"{p} variables cannot identify {m} factors; choose fewer.",
            "/factors",
            {"factors": m},
        )
    context.checkpoint("extracting", 0, 1)
    solution = (
        maximum_likelihood(r, m) if parameters.extraction == "maximum_likelihood" else principal_axis(r, m)
    )
    if not solution.converged:
        raise did_not_converge("The factor extraction", solution.iterations)
    loadings, phi = solution.loadings, None
    if m > 1 and parameters.rotation == "varimax":
        loadings = varimax(loadings)[0]
    elif m > 1 and parameters.rotation == "promax":
        loadings, phi = promax(loadings)
    elif m > 1 and parameters.rotation == "oblimin":
        loadings, phi = oblimin(loadings)
    loadings, phi = ordered_factors(loadings, phi)
    builder = OutputBuilder(context, n=gram.n, weighted_n=gram.weight)
    overall, each = kaiser_meyer_olkin(r)
    statistic, df, p_value = bartlett_sphericity(r, gram.n)
    builder.fact("kmo", "Kaiser-Meyer-Olkin sampling adequacy", overall, columns=names)
    builder.fact(
        "bartlett",
        "Bartlett's test that all correlations are zero",
        statistic,
        statistic=statistic,
        df=(df,),
        p=p_value,
        test="Bartlett's sphericity",
        columns=names,
    )
    builder.fact("factors", "Factors extracted", m, base_rule=False)
    builder.fact("suggested_factors", "Factors above chance (parallel analysis)", suggested, base_rule=False)
    if parameters.extraction == "maximum_likelihood":
        chi, fit_df, fit_p, rmsea = likelihood_fit(r, solution, gram.n)
        if fit_df > 0:
            builder.fact(
                "model_fit",
                "Chi-square that the factors suffice",
                chi,
                statistic=chi,
                df=(fit_df,),
                p=fit_p,
                test="Likelihood ratio with Bartlett's correction",
                columns=names,
            )
            builder.fact("rmsea", "Root mean square error of approximation", rmsea, columns=names)
    titles = [frame.column(name).title for name in names]
    rows = []
    for j, name in enumerate(names):
        for k in range(m):
            builder.fact(
                fact_id("loading", name, k + 1),
                f"Loading of {titles[j]} on factor {k + 1}",
                loadings[j, k],
                columns=[name],
            )
        builder.fact(
            fact_id("communality", name),
            f"Communality of {titles[j]}",
            1 - solution.uniqueness[j],
            unit="share",
            columns=[name],
        )
        rows.append([titles[j], *loadings[j], 1 - solution.uniqueness[j], each[j]])
    builder.table(
        "loadings",
        "Loadings" + (" (pattern)" if phi is not None else ""),
        [
            text_column("variable", "Variable"),
            *[number_column(f"f{k + 1}", f"Factor {k + 1}") for k in range(m)],
            percent_column("communality", "Communality"),
            number_column("msa", "Adequacy (KMO)"),
        ],
        rows,
    )
    structure = loadings if phi is None else loadings @ phi
    explained = (loadings * structure).sum(axis=0) / p
    builder.table(
        "variance",
        "Variance of the factors",
        [
            integer_column("factor", "Factor"),
            number_column("eigenvalue", "Eigenvalue of the correlations"),
            number_column("chance", "By chance (95%)"),
            percent_column("share", "Variance after rotation"),
        ],
        [[k + 1, values[k], chance[k], explained[k]] for k in range(m)],
    )
    builder.fact(
        "variance_explained",
        "Variance explained by the factors",
        float(explained.sum()),
        unit="share",
        columns=names,
    )
    if phi is not None:
        builder.table(
            "factor_correlations",
            "Correlations of the factors",
            [
                text_column("factor", "Factor"),
                *[number_column(f"f{k + 1}", f"Factor {k + 1}") for k in range(m)],
            ],
            [[f"Factor {k + 1}", *phi[k]] for k in range(m)],
        )
    builder.chart(
        heatmap(
            "loadings",
            "Loadings",
            "Loading of each variable on each factor.",
            [
                {"variable": titles[j], "factor": str(k + 1), "loading": loadings[j, k]}
                for j in range(p)
                for k in range(m)
            ],
            x="factor",
            y="variable",
            value="loading",
            x_title="Factor",
            y_title="Variable",
            value_title="Loading",
            diverging=True,
            domain=(-1.0, 1.0),
        )
    )
    builder.assume("Sampling adequacy", overall >= 0.6, f"KMO is {overall:.3f}; 0.6 is the usual minimum.")
    builder.assume(
        "Variables correlate",
        p_value < 0.05,
        f"Bartlett chi-square({df}) = {statistic:.1f}, p = {p_value:.3g}.",
    )
    heywood = [titles[j] for j in range(p) if solution.uniqueness[j] < 0.0051]
    builder.assume(
        "No Heywood case", not heywood, f"Communality at its bound: {', '.join(heywood) or 'none'}."
    )
    if any(frame.column(name).measure is Measure.ORDINAL for name in names):
        builder.notice("ordinal", "Ratings are treated as equally spaced numbers (Pearson correlations).")
    if frame.n > gram.n:
        builder.notice("missing", f"{frame.n - gram.n:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=f"{parameters.extraction.replace('_', ' ').capitalize()} extraction from the correlations, "
        f"{parameters.rotation} rotation, number of factors by parallel analysis when not given.",
        missing_values="Rows with a missing value in any variable are left out.",
        weights="The correlations are weighted; tests use the number of rows.",
        references=(
            "Lawley & Maxwell (1971), Factor Analysis as a Statistical Method",
            "Kaiser (1974), Psychometrika 39, 31-36",
            "Jennrich (2002), Psychometrika 67, 7-19",
            "Horn (1965), Psychometrika 30, 179-185",
        ),
        seed=context.seed,
    )


def script(parameters: FactorAnalysisParameters, context: ScriptContext) -> str:
    method = "ml" if parameters.extraction == "maximum_likelihood" else "pa"
    return f"""
from statsmodels.multivariate.factor import Factor

names, m = {literal(list(parameters.variables))}, {literal(parameters.factors)}
x = np.column_stack([number(name) for name in names])
keep = ~np.isnan(x).any(axis=1)
x, w = x[keep], weights[keep]
z = x - np.average(x, axis=0, weights=w)
cov = (z * w[:, None]).T @ z
r = cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
inverse = np.linalg.inv(r)
partial = inverse / np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
off = ~np.eye(len(names), dtype=bool)
results = {{"kmo": (r[off] ** 2).sum() / ((r[off] ** 2).sum() + (partial[off] ** 2).sum()),
           "bartlett": -(len(x) - 1 - (2 * len(names) + 5) / 6) * np.linalg.slogdet(r)[1]}}
if m is not None:
    fit = Factor(corr=r, n_factor=m, method={literal(method)}, nobs=len(x)).fit(maxiter=5_000, tol=1e-9)
    for name, value in zip(names, fit.communality):
        results[fact_id("communality", name)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 5 or any(c.measure is not Measure.ORDINAL for c in chosen):
        return None
    return Suggestion(
        0.5, {"variables": [c.name for c in chosen]}, "Finds the attitudes behind many ratings."
    )


PROCEDURE = Procedure(
    key="factor_analysis",
    title="Exploratory factor analysis",
    question="Which few attitudes lie behind many ratings?",
    family=ProcedureFamily.STRUCTURE,
    version=1,
    parameters=FactorAnalysisParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least three numeric columns and more rows than columns.",),
    randomised=True,
    tags=("EFA", "rotation", "KMO", "Bartlett", "latent"),
)
