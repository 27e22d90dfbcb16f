"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/card";
import { ErrorState } from "@/components/ui/error-state";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { type DatasetDetail, listVersions } from "@/lib/api/datasets";
import { datasetKeys } from "@/lib/api/keys";

export function VersionList({ dataset }: { dataset: DatasetDetail }) {
  const { t, format } = useI18n();
  const query = useQuery({ queryKey: datasetKeys.part(dataset.id, "versions"), queryFn: ({ signal }) => listVersions(dataset.id, signal) });
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) {
    return (
      <LoadingRegion label={t("common.loading")}>
        <Skeleton className="h-40" />
      </LoadingRegion>
    );
  }
  return (
    <Card>
      <Table label={t("dataset.tab.versions")}>
        <thead>
          <tr>
            <TableHead>{t("version.number")}</TableHead>
            <TableHead>{t("version.note")}</TableHead>
            <TableHead className="text-end">{t("data.rows")}</TableHead>
            <TableHead className="text-end">{t("data.columns")}</TableHead>
            <TableHead>{t("version.created")}</TableHead>
            <TableHead>{t("version.hash")}</TableHead>
          </tr>
        </thead>
        <tbody>
          {query.data.map((version) => (
            <TableRow key={version.number}>
              <TableCell>
                <Link href={`/data/${dataset.id}?version=${version.number}`} className="font-medium hover:text-accent hover:underline">
                  {t("version.label", { number: version.number })}
                </Link>
                {version.number === dataset.current_version ? <Badge tone="good" className="ms-2">{t("version.current")}</Badge> : null}
              </TableCell>
              <TableCell dir="auto" className="max-w-96 break-words text-ink-2">{version.note}</TableCell>
              <TableCell className="text-end">{format.number(version.row_count)}</TableCell>
              <TableCell className="text-end">{format.number(version.column_count)}</TableCell>
              <TableCell className="whitespace-nowrap text-ink-3">{format.dateTime(version.created_at)}</TableCell>
              <TableCell className="font-mono text-xs text-ink-3">{version.version_hash.slice(0, 12)}</TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </Card>
  );
}
