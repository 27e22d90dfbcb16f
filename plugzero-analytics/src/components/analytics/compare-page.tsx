"use client";

import { useQuery } from "@tanstack/react-query";
import { GitCompareArrows } from "lucide-react";
import Link from "next/link";
import { PageHeader } from "@/components/page-header";
import { Card, CardBody } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { compareResults, type Fact, type ResultSummary } from "@/lib/api/analysis";
import { analysisKeys } from "@/lib/api/keys";
import { factDetails, formatFactValue } from "./fact-format";

export function ComparePage() {
  const { t, format } = useI18n();
  const { get } = useUrlState();
  const left = get("left");
  const right = get("right");
  const query = useQuery({
    queryKey: [...analysisKeys.all, "compare", left, right],
    queryFn: () => compareResults(left ?? "", right ?? ""),
    enabled: Boolean(left && right),
    staleTime: Infinity,
  });
  const header = <PageHeader eyebrow={<Link href="/analysis/results" className="hover:underline">{t("analysis.results")}</Link>} title={t("compare.title")} intro={t("compare.intro")} />;
  if (!left || !right) return <>{header}<EmptyState icon={GitCompareArrows} title={t("compare.empty")}>{t("compare.emptyDetail")}</EmptyState></>;
  if (query.isPending) return <>{header}<LoadingRegion label={t("common.loading")}><Skeleton className="h-72" /></LoadingRegion></>;
  if (query.isError) return <>{header}<ErrorState error={query.error} onRetry={() => void query.refetch()} /></>;
  const side = (label: string, result: ResultSummary) => (
    <Card>
      <CardBody>
        <p className="text-xs font-medium text-ink-3">{label}</p>
        <p dir="auto" className="font-medium break-words">{result.dataset_name} <span className="text-ink-3">{t("version.label", { number: result.dataset_version })}</span></p>
        <p className="text-xs text-ink-3">{format.dateTime(result.computed_at ?? result.created_at)}{result.weight ? ` · ${t("result.weightedBy", { name: result.weight })}` : ""}{result.filter ? ` · ${t("result.filtered")}` : ""}</p>
      </CardBody>
    </Card>
  );
  const cell = (fact: Fact | null) =>
    fact ? (
      <>
        <span className="tabular font-medium">{formatFactValue(fact.value, fact.unit, format)}</span>
        <span className="block text-xs text-ink-3 tabular">{factDetails(fact, format, t).slice(0, 2).join(" · ")}</span>
      </>
    ) : (
      <span className="text-ink-3">–</span>
    );
  return (
    <>
      {header}
      <div className="mb-4 grid gap-4 sm:grid-cols-2">
        {side("A", query.data.left)}
        {side("B", query.data.right)}
      </div>
      <Card>
        <Table label={t("compare.title")}>
          <thead>
            <tr>
              <TableHead>{t("compare.fact")}</TableHead>
              <TableHead>A</TableHead>
              <TableHead>B</TableHead>
              <TableHead className="text-end">{t("compare.difference")}</TableHead>
            </tr>
          </thead>
          <tbody>
            {query.data.facts.map((pair) => (
              <TableRow key={pair.id}>
                <TableCell dir="auto" className="max-w-96 break-words">{pair.name}</TableCell>
                <TableCell>{cell(pair.left)}</TableCell>
                <TableCell>{cell(pair.right)}</TableCell>
                <TableCell className="text-end whitespace-nowrap">
                  {pair.difference === null ? "–" : pair.unit === "share" ? t("compare.points", { value: format.number(pair.difference * 100, { maximumFractionDigits: 1, signDisplay: "exceptZero" }) }) : format.number(pair.difference, { maximumSignificantDigits: 4, signDisplay: "exceptZero" })}
                </TableCell>
              </TableRow>
            ))}
          </tbody>
        </Table>
      </Card>
    </>
  );
}
