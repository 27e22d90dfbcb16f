"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FlaskConical, GitCompareArrows, Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Checkbox } from "@/components/ui/checkbox";
import { Confirm } from "@/components/ui/confirm";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { deleteResult, listProcedures, listResults, type ResultSummary } from "@/lib/api/analysis";
import { analysisKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";

const PAGE_SIZE = 50;

export function ResultList() {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const { get, set, page } = useUrlState();
  const project = get("project") ?? undefined;
  const filter = { project, dataset: get("dataset") ?? undefined, page, page_size: PAGE_SIZE };
  const query = useQuery({ queryKey: analysisKeys.results(filter), queryFn: ({ signal }) => listResults(filter, signal), placeholderData: (previous) => previous });
  const procedures = useQuery({ queryKey: analysisKeys.procedures(), queryFn: ({ signal }) => listProcedures(signal), staleTime: Infinity });
  const [chosen, setChosen] = useState<ResultSummary[]>([]);
  const [doomed, setDoomed] = useState<ResultSummary | null>(null);
  const title = (key: string): string => procedures.data?.find((procedure) => procedure.key === key)?.title ?? key;
  const remove = useMutation({
    mutationFn: (result: ResultSummary) => deleteResult(result.id),
    onSuccess: () => {
      setDoomed(null);
      void client.invalidateQueries({ queryKey: analysisKeys.results({}).slice(0, 2) });
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  const [left, right] = chosen;
  const comparable = left && right && left.procedure === right.procedure;
  return (
    <>
      <PageHeader
        eyebrow={<Link href="/analysis" className="hover:underline">{t("nav.analysis")}</Link>}
        title={t("analysis.results")}
        intro={t("results.intro")}
        actions={
          chosen.length > 0 ? (
            <>
              <span className="text-xs text-ink-3">{comparable || chosen.length < 2 ? t("results.chosen", { count: chosen.length }) : t("results.sameProcedure")}</span>
              <Button asChild={Boolean(comparable)} variant="primary" disabled={!comparable}>
                {comparable ? (
                  <Link href={`/analysis/compare?left=${left.id}&right=${right.id}`}><GitCompareArrows aria-hidden /> {t("results.compare")}</Link>
                ) : (
                  <>{t("results.compare")}</>
                )}
              </Button>
            </>
          ) : null
        }
      />
      {query.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-72" /></LoadingRegion> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? (
        <EmptyState icon={FlaskConical} title={t("results.empty")} action={<Button asChild variant="primary"><Link href="/analysis">{t("nav.analysis")}</Link></Button>}>
          {t("results.emptyDetail")}
        </EmptyState>
      ) : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <Table label={t("analysis.results")}>
            <thead>
              <tr>
                <TableHead><span className="sr-only">{t("results.choose")}</span></TableHead>
                <TableHead>{t("results.procedure")}</TableHead>
                <TableHead>{t("results.dataset")}</TableHead>
                <TableHead>{t("results.variables")}</TableHead>
                <TableHead>{t("results.computed")}</TableHead>
                <TableHead><span className="sr-only">{t("common.more")}</span></TableHead>
              </tr>
            </thead>
            <tbody>
              {query.data.results.map((result) => {
                const at = chosen.findIndex((other) => other.id === result.id);
                return (
                  <TableRow key={result.id}>
                    <TableCell className="w-8">
                      <Checkbox
                        checked={at >= 0}
                        disabled={at < 0 && chosen.length >= 2}
                        aria-label={t("results.chooseOne", { name: title(result.procedure) })}
                        onCheckedChange={(on) => setChosen(on === true ? [...chosen, result] : chosen.filter((other) => other.id !== result.id))}
                      />
                    </TableCell>
                    <TableCell><Link href={`/analysis/results/${result.id}`} className="font-medium hover:text-accent hover:underline">{title(result.procedure)}</Link></TableCell>
                    <TableCell className="max-w-64"><span dir="auto" className="block truncate">{result.dataset_name}</span><span className="text-xs text-ink-3">{t("version.label", { number: result.dataset_version })}</span></TableCell>
                    <TableCell className="max-w-96">
                      <span dir="auto" className="line-clamp-2 text-xs break-words text-ink-2">{describeParameters(result)}</span>
                      {result.filter ? <Badge tone="accent" className="me-1">{t("result.filtered")}</Badge> : null}
                      {result.weight ? <Badge tone="accent">{t("result.weightedBy", { name: result.weight })}</Badge> : null}
                    </TableCell>
                    <TableCell className="whitespace-nowrap text-ink-3">{format.relative(result.computed_at ?? result.created_at)}</TableCell>
                    <TableCell className="text-end">
                      {can("analysis.delete") ? <Button size="icon-sm" variant="ghost" aria-label={t("results.delete", { name: title(result.procedure) })} onClick={() => setDoomed(result)}><Trash2 aria-hidden /></Button> : null}
                    </TableCell>
                  </TableRow>
                );
              })}
            </tbody>
          </Table>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
      <Confirm
        open={doomed !== null}
        onOpenChange={(open) => (open ? undefined : setDoomed(null))}
        title={t("results.deleteTitle")}
        description={t("results.deleteDetail")}
        confirmLabel={t("common.delete")}
        danger
        pending={remove.isPending}
        onConfirm={() => doomed && remove.mutate(doomed)}
      />
    </>
  );
}

/** The chosen columns of a run in one line. */
function describeParameters(result: ResultSummary): string {
  return Object.values(result.parameters)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is string => typeof value === "string" && value !== "")
    .join(", ");
}
