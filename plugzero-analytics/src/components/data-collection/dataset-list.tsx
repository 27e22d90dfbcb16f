"use client";

import { useQuery } from "@tanstack/react-query";
import { Database, Search, Upload } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Input } from "@/components/ui/input";
import { Pagination } from "@/components/ui/pagination";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { listDatasets } from "@/lib/api/datasets";
import { datasetKeys } from "@/lib/api/keys";
import { UploadPanel, useUploads } from "./upload-panel";

const PAGE_SIZE = 50;

export function DatasetList() {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const { get, set, page } = useUrlState();
  const uploads = useUploads();
  const project = get("project");
  const search = get("search") ?? "";
  const [typed, setTyped] = useState(search);
  const filter = { project: project ?? undefined, search: search || undefined, page, page_size: PAGE_SIZE };
  const query = useQuery({
    queryKey: datasetKeys.list(filter),
    queryFn: ({ signal }) => listDatasets(filter, signal),
    placeholderData: (previous) => previous,
  });
  const none = query.data?.count === 0 && !search;
  const showUpload = get("upload") === "1" || none || uploads.length > 0;
  return (
    <>
      <PageHeader
        title={t("data.title")}
        intro={t("data.intro")}
        actions={
          can("files.upload") && !showUpload ? (
            <Button variant="primary" onClick={() => set({ upload: "1" })}>
              <Upload aria-hidden /> {t("data.upload")}
            </Button>
          ) : null
        }
      />
      {showUpload ? (
        <div className="mb-6">
          <UploadPanel project={project} compact={!none} />
        </div>
      ) : null}
      {!none ? (
        <form
          role="search"
          className="mb-3 flex max-w-sm items-center gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            set({ search: typed.trim(), page: null });
          }}
        >
          <div className="relative flex-1">
            <Search className="absolute start-2.5 top-2.5 size-4 text-ink-3" aria-hidden />
            <Input type="search" className="ps-8" aria-label={t("data.search")} placeholder={t("data.search")} value={typed} onChange={(event) => setTyped(event.target.value)} />
          </div>
          <Button type="submit">{t("common.search")}</Button>
        </form>
      ) : null}
      {query.isPending ? (
        <LoadingRegion label={t("common.loading")} className="flex flex-col gap-2">
          {Array.from({ length: 6 }, (_, index) => (
            <Skeleton key={index} className="h-11" />
          ))}
        </LoadingRegion>
      ) : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {none && !can("files.upload") ? <EmptyState icon={Database} title={t("data.empty")}>{t("data.emptyViewer")}</EmptyState> : null}
      {query.data && query.data.count === 0 && search ? (
        <EmptyState icon={Search} title={t("common.nothingFound")} action={<Button onClick={() => { setTyped(""); set({ search: null }); }}>{t("common.clearSearch")}</Button>} />
      ) : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <Table label={t("data.title")}>
            <thead>
              <tr>
                <TableHead>{t("data.name")}</TableHead>
                <TableHead>{t("data.source")}</TableHead>
                <TableHead className="text-end">{t("data.rows")}</TableHead>
                <TableHead className="text-end">{t("data.columns")}</TableHead>
                <TableHead className="text-end">{t("data.size")}</TableHead>
                <TableHead>{t("data.updated")}</TableHead>
              </tr>
            </thead>
            <tbody>
              {query.data.results.map((dataset) => (
                <TableRow key={dataset.id}>
                  <TableCell className="max-w-96">
                    <Link href={`/data/${dataset.id}`} dir="auto" className="block truncate font-medium hover:text-accent hover:underline">
                      {dataset.name}
                    </Link>
                  </TableCell>
                  <TableCell>
                    <span className="flex max-w-64 items-center gap-2">
                      <Badge>{dataset.dataset_source.toLowerCase()}</Badge>
                      <span dir="auto" className="truncate text-xs text-ink-3">{dataset.source_name}</span>
                    </span>
                  </TableCell>
                  <TableCell className="text-end">{format.number(dataset.row_count)}</TableCell>
                  <TableCell className="text-end">{format.number(dataset.column_count)}</TableCell>
                  <TableCell className="text-end whitespace-nowrap">{format.bytes(dataset.size)}</TableCell>
                  <TableCell className="whitespace-nowrap text-ink-3">{format.relative(dataset.updated_at)}</TableCell>
                </TableRow>
              ))}
            </tbody>
          </Table>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
    </>
  );
}
