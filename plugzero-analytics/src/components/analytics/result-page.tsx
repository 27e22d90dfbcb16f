"use client";

import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import Link from "next/link";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { ErrorState } from "@/components/ui/error-state";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { type AnalysisResult, getResult, listProcedures } from "@/lib/api/analysis";
import { analysisKeys } from "@/lib/api/keys";
import { ResultView } from "./result-view";

/** The workbench's address with everything of this run filled in. */
function workbenchPath(result: AnalysisResult): string {
  const params = new URLSearchParams({ dataset: result.dataset, procedure: result.procedure, params: JSON.stringify(result.parameters), result: result.id });
  if (result.filter) params.set("filter", JSON.stringify(result.filter));
  if (result.weight) params.set("weight", result.weight);
  return `/analysis?${params.toString()}`;
}

export function ResultPage({ id }: { id: string }) {
  const { t } = useI18n();
  const result = useQuery({ queryKey: analysisKeys.result(id), queryFn: ({ signal }) => getResult(id, signal), staleTime: Infinity });
  const procedures = useQuery({ queryKey: analysisKeys.procedures(), queryFn: ({ signal }) => listProcedures(signal), staleTime: Infinity });
  if (result.isPending) {
    return (
      <LoadingRegion label={t("common.loading")}>
        <Skeleton className="h-9 w-64" />
        <Skeleton className="mt-6 h-72" />
      </LoadingRegion>
    );
  }
  if (result.isError) return <ErrorState error={result.error} onRetry={() => void result.refetch()} />;
  const procedure = procedures.data?.find((candidate) => candidate.key === result.data.procedure);
  return (
    <>
      <PageHeader
        eyebrow={<Link href="/analysis/results" className="hover:underline">{t("analysis.results")}</Link>}
        title={procedure?.title ?? result.data.procedure.replaceAll("_", " ")}
        intro={procedure?.question}
        actions={
          <Button asChild>
            <Link href={workbenchPath(result.data)}><SlidersHorizontal aria-hidden /> {t("result.openWorkbench")}</Link>
          </Button>
        }
      />
      <ResultView result={result.data} />
    </>
  );
}
