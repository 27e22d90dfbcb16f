"use client";

import { useQuery } from "@tanstack/react-query";
import { ChartLine } from "lucide-react";
import { useMemo, useState } from "react";
import { Chart } from "@/components/charts/chart";
import type { ChartDocument } from "@/components/charts/chart-spec";
import { Badge } from "@/components/ui/badge";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { seoKeys } from "@/lib/api/keys";
import { analyseSeries, getSeries, type KeywordTarget, listSeries, type SeriesAnalysis, type SeriesWithPoints } from "@/lib/api/seo";
import { IntentBadge } from "./keyword-page";

/** A keyword's series, each on its own scale, with what can be said about its course and where its points come from. */
export function KeywordSheet({ keyword, onClose }: { keyword: KeywordTarget; onClose: () => void }) {
  const { t } = useI18n();
  const [chosen, setChosen] = useState<string | null>(null);
  const list = useQuery({ queryKey: seoKeys.part("series", { keyword: keyword.id }), queryFn: ({ signal }) => listSeries(keyword.id, signal) });
  const id = chosen ?? list.data?.[0]?.id ?? null;
  const series = useQuery({ queryKey: seoKeys.part("points", { id }), queryFn: ({ signal }) => getSeries(id ?? "", signal), enabled: id !== null });
  const analysis = useQuery({ queryKey: seoKeys.part("analysis", { id }), queryFn: ({ signal }) => analyseSeries(id ?? "", signal), enabled: id !== null });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent kind="sheet-wide" title={<bdi>{keyword.query}</bdi>} description={keyword.landing_url ? <bdi dir="ltr">{keyword.landing_url}</bdi> : t("keywords.noLanding")} closeLabel={t("common.close")}>
        <div className="flex flex-col gap-5">
          <p className="flex flex-wrap items-center gap-2 text-xs text-ink-3"><IntentBadge intent={keyword.intent} /> {keyword.intent_signals.join(", ")}</p>
          {list.isPending ? <Skeleton className="h-64" /> : null}
          {list.isError ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : null}
          {list.data?.length === 0 ? <EmptyState icon={ChartLine} title={t("series.empty")}>{t("series.emptyDetail")}</EmptyState> : null}
          {list.data && list.data.length > 1 && id ? (
            <Select aria-label={t("series.choose")} value={id} onValueChange={setChosen} options={list.data.map((entry) => ({ value: entry.id, label: `${entry.provider} · ${entry.metric} (${entry.unit})`, description: [entry.geo, entry.device, entry.granularity].filter(Boolean).join(" · ") }))} />
          ) : null}
          {series.isError ? <ErrorState error={series.error} onRetry={() => void series.refetch()} /> : null}
          {series.data ? <SeriesChart series={series.data} analysis={analysis.data} /> : null}
          {analysis.data ? <Findings analysis={analysis.data} unit={series.data?.unit ?? ""} /> : null}
          {series.data ? <Provenance series={series.data} /> : null}
        </div>
      </DialogContent>
    </Dialog>
  );
}

function SeriesChart({ series, analysis }: { series: SeriesWithPoints; analysis: SeriesAnalysis | undefined }) {
  const { t } = useI18n();
  const chart = useMemo<ChartDocument>(() => {
    const observed = series.points.filter((point) => point.value !== null).map((point) => ({ date: point.date, value: point.value, kind: t("series.observed"), low: null, high: null }));
    const expected = analysis?.forecast.result?.points.map((point) => ({ date: point.date, value: point.mean, kind: t("series.forecast"), low: point.low, high: point.high })) ?? [];
    const rank = series.metric === "rank";
    const y = { type: "quantitative", title: series.unit || series.metric, scale: { zero: !rank, reverse: rank } };
    const x = { field: "date", type: "temporal", title: null };
    return {
      id: series.id,
      title: `${series.metric} · ${series.provider}`,
      description: series.note,
      spec: {
        $schema: "https://vega.github.io/schema/vega-lite/v6.json",
        data: { values: [...observed, ...expected] },
        height: 300,
        layer: [
          { transform: [{ filter: "isValid(datum.low)" }], mark: { type: "area", opacity: 0.18 }, encoding: { x, y: { field: "low", ...y }, y2: { field: "high" } } },
          {
            mark: { type: "line", point: observed.length < 60 },
            encoding: {
              x,
              y: { field: "value", ...y },
              color: { field: "kind", type: "nominal", title: null },
              tooltip: [{ field: "date", type: "temporal" }, { field: "value", type: "quantitative", title: series.unit }, { field: "kind", type: "nominal", title: t("series.kind") }],
            },
          },
        ],
      },
    };
  }, [series, analysis, t]);
  return <Chart chart={chart} />;
}

function Findings({ analysis, unit }: { analysis: SeriesAnalysis; unit: string }) {
  const { t, format } = useI18n();
  const growth = (answer: SeriesAnalysis["growth"]): string =>
    answer.result
      ? t("series.growthText", { before: format.figure(answer.result.before), after: format.figure(answer.result.after), unit, change: answer.result.relative === null ? "–" : format.number(answer.result.relative, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 1 }) })
      : answer.reason;
  const changes = analysis.change_points.result;
  const rows: [string, string][] = [
    [t("series.growth"), growth(analysis.growth)],
    [t("series.yearOverYear"), growth(analysis.year_over_year)],
    [t("series.seasonality"), analysis.seasonality.result ? t("series.seasonText", { strength: format.percent(analysis.seasonality.result.strength, 0), period: analysis.seasonality.result.period }) : analysis.seasonality.reason],
    [t("series.changes"), changes ? (changes.length > 0 ? changes.map((point) => `${format.date(point.date)} (${format.number(point.shift, { signDisplay: "exceptZero", maximumSignificantDigits: 3 })})`).join(", ") : t("series.noChange")) : analysis.change_points.reason],
    [t("series.forecastMethod"), analysis.forecast.result ? `${analysis.forecast.result.method}, ${format.percent(analysis.forecast.result.level, 0)}` : analysis.forecast.reason],
  ];
  return (
    <dl className="grid gap-x-6 gap-y-2 rounded-lg border border-line p-4 text-sm sm:grid-cols-[11rem_1fr]">
      {rows.map(([label, text]) => (
        <div key={label} className="contents">
          <dt className="text-ink-3">{label}</dt>
          <dd dir="auto">{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Provenance({ series }: { series: SeriesWithPoints }) {
  const { t, format } = useI18n();
  const counts = new Map<string, number>();
  for (const point of series.points) counts.set(point.point_status, (counts.get(point.point_status) ?? 0) + 1);
  const last = series.points.at(-1);
  return (
    <p className="flex flex-wrap items-center gap-2 text-xs text-ink-3">
      {[...counts].map(([status, count]) => <Badge key={status} tone={status === "ok" ? "good" : status === "failed" ? "bad" : "neutral"}>{status.replaceAll("_", " ")}: {format.number(count)}</Badge>)}
      {series.points.some((point) => point.is_estimate) ? <Badge tone="warning">{t("series.estimate")}</Badge> : null}
      {last ? t("series.retrieved", { provider: series.provider, when: format.dateTime(last.retrieved_at) }) : ""}
    </p>
  );
}
