"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import { ArrowRight, Download, ReceiptText } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { type DatasetDetail, type DatasetProfile, downloadRejects } from "@/lib/api/datasets";
import { describeProblem } from "@/lib/api/problem-text";
import { cn } from "@/lib/class-names";
import { fileNameOf, saveBlob } from "@/lib/save-file";

/** The account of an ingestion: rows in, rows out, and every repair with before and after. */
export function ReceiptView({ dataset, version, query }: { dataset: DatasetDetail; version?: number; query: UseQueryResult<DatasetProfile> }) {
  const { t, format } = useI18n();
  const { can } = useMeta();
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) {
    return (
      <LoadingRegion label={t("common.loading")}>
        <Skeleton className="h-64" />
      </LoadingRegion>
    );
  }
  const { receipt } = query.data;
  if (!receipt) {
    return (
      <EmptyState icon={ReceiptText} title={t("receipt.none")}>
        {t("receipt.noneDetail")}
      </EmptyState>
    );
  }
  const balance: [string, number, string][] = [
    [t("receipt.in"), receipt.rows_in, ""],
    [t("receipt.out"), receipt.rows_out, "text-good"],
    [t("receipt.rejected"), receipt.rows_rejected, receipt.rows_rejected > 0 ? "text-bad" : ""],
  ];
  const saveRejects = async (): Promise<void> => {
    try {
      const response = await downloadRejects(dataset.id, version);
      saveBlob(await response.blob(), fileNameOf(response, "rejected-rows.csv"));
    } catch (error) {
      toast(describeProblem(error, t).title, { tone: "bad" });
    }
  };
  const dialect = Object.entries(receipt.dialect).filter(([, value]) => value !== null && value !== "" && typeof value !== "object");
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_18rem]">
      <Card className="lg:order-last">
        <CardHeader>
          <CardTitle>{t("receipt.balance")}</CardTitle>
        </CardHeader>
        <dl className="divide-y divide-line px-4">
          {balance.map(([label, count, tone]) => (
            <div key={label} className="flex items-baseline justify-between py-3">
              <dt className="text-sm text-ink-2">{label}</dt>
              <dd className={cn("font-display text-xl tabular", tone)}>{format.number(count)}</dd>
            </div>
          ))}
        </dl>
        {receipt.rows_rejected > 0 && can("datasets.export") ? (
          <div className="border-t border-line p-3">
            <Button size="sm" className="w-full" onClick={() => void saveRejects()}>
              <Download aria-hidden /> {t("receipt.downloadRejects")}
            </Button>
          </div>
        ) : null}
        {dialect.length > 0 ? (
          <dl className="border-t border-line px-4 py-3 text-xs">
            {dialect.map(([name, value]) => (
              <div key={name} className="flex justify-between gap-3 py-0.5">
                <dt className="text-ink-3">{name.replaceAll("_", " ")}</dt>
                <dd dir="ltr" className="truncate font-mono">{value === "\t" ? "TAB" : String(value)}</dd>
              </div>
            ))}
          </dl>
        ) : null}
      </Card>
      <Card>
        <CardHeader>
          <CardTitle>{t("receipt.repairs", { count: receipt.repair_count })}</CardTitle>
          {receipt.repairs.length < receipt.repair_count ? <span className="text-xs text-ink-3">{t("receipt.first", { count: receipt.repairs.length })}</span> : null}
        </CardHeader>
        {receipt.repairs.length === 0 ? (
          <EmptyState icon={ReceiptText} title={t("receipt.clean")} className="m-4 border-0">
            {t("receipt.cleanDetail")}
          </EmptyState>
        ) : (
          <Table label={t("dataset.tab.receipt")}>
            <thead>
              <tr>
                <TableHead>{t("receipt.what")}</TableHead>
                <TableHead>{t("receipt.where")}</TableHead>
                <TableHead>{t("receipt.change")}</TableHead>
                <TableHead className="text-end">{t("receipt.count")}</TableHead>
              </tr>
            </thead>
            <tbody>
              {receipt.repairs.map((repair, index) => (
                <TableRow key={index}>
                  <TableCell dir="auto" className="min-w-72 break-words">{repair.message}</TableCell>
                  <TableCell className="text-xs text-ink-3">
                    {repair.row !== null ? t("receipt.row", { row: repair.row }) : ""}
                    {repair.column ? <span dir="auto" className="block max-w-40 truncate">{repair.column}</span> : null}
                  </TableCell>
                  <TableCell>
                    {repair.before !== null || repair.after !== null ? (
                      <span className="flex max-w-72 items-center gap-1.5 font-mono text-xs">
                        <del dir="auto" className="truncate rounded bg-bad-soft px-1 no-underline">{repair.before ?? "–"}</del>
                        <ArrowRight className="mirror-rtl size-3.5 shrink-0 text-ink-3" aria-hidden />
                        <ins dir="auto" className="truncate rounded bg-good-soft px-1 no-underline">{repair.after ?? "–"}</ins>
                      </span>
                    ) : null}
                  </TableCell>
                  <TableCell className="text-end">{format.number(repair.count)}</TableCell>
                </TableRow>
              ))}
            </tbody>
          </Table>
        )}
      </Card>
    </div>
  );
}
