"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Trash2 } from "lucide-react";
import { useState } from "react";
import { Badge, type BadgeTone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { deleteFile, downloadFile, listFiles, type RawDataFile } from "@/lib/api/files";
import { fileKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { fileNameOf, saveBlob } from "@/lib/save-file";

const PAGE_SIZE = 20;
const TONES: Readonly<Record<string, BadgeTone>> = { INGESTED: "good", READY: "good", FAILED: "bad", PROCESSING: "accent" };

export function FileList({ project }: { project: string }) {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const [page, setPage] = useState(1);
  const [doomed, setDoomed] = useState<RawDataFile | null>(null);
  const filter = { project, page, page_size: PAGE_SIZE };
  const query = useQuery({ queryKey: fileKeys.list(filter), queryFn: ({ signal }) => listFiles(filter, signal), placeholderData: (previous) => previous });
  const remove = useMutation({
    mutationFn: (file: RawDataFile) => deleteFile(file.id),
    onSuccess: () => {
      setDoomed(null);
      void client.invalidateQueries({ queryKey: fileKeys.all });
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  const save = async (file: RawDataFile): Promise<void> => {
    try {
      const response = await downloadFile(file.id);
      saveBlob(await response.blob(), fileNameOf(response, file.original_name));
    } catch (error) {
      toast(describeProblem(error, t).title, { tone: "bad" });
    }
  };
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton className="h-32" />;
  if (query.data.count === 0) return null;
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("files.title")}</CardTitle>
        <span className="text-xs text-ink-3">{t("files.intro")}</span>
      </CardHeader>
      <Table label={t("files.title")}>
        <thead>
          <tr>
            <TableHead>{t("data.name")}</TableHead>
            <TableHead>{t("files.kind")}</TableHead>
            <TableHead>{t("files.status")}</TableHead>
            <TableHead className="text-end">{t("data.size")}</TableHead>
            <TableHead>{t("files.uploaded")}</TableHead>
            <TableHead><span className="sr-only">{t("common.more")}</span></TableHead>
          </tr>
        </thead>
        <tbody>
          {query.data.results.map((file) => (
            <TableRow key={file.id}>
              <TableCell className="max-w-80">
                <span dir="auto" className="block truncate font-medium" title={file.original_name}>{file.original_name}</span>
                {file.error ? <span className="block text-xs break-words text-bad">{file.error.detail}</span> : null}
              </TableCell>
              <TableCell className="text-ink-2">{file.source_kind || "–"}</TableCell>
              <TableCell><Badge tone={TONES[file.upload_status] ?? "neutral"}>{file.upload_status.toLowerCase()}</Badge></TableCell>
              <TableCell className="text-end whitespace-nowrap">{format.bytes(file.size)}</TableCell>
              <TableCell className="whitespace-nowrap text-ink-3">{format.relative(file.created_at)}</TableCell>
              <TableCell className="text-end whitespace-nowrap">
                {can("files.download") ? <Button size="icon-sm" variant="ghost" aria-label={t("files.download", { name: file.original_name })} onClick={() => void save(file)}><Download aria-hidden /></Button> : null}
                {can("files.delete") ? <Button size="icon-sm" variant="ghost" aria-label={t("files.delete", { name: file.original_name })} onClick={() => setDoomed(file)}><Trash2 aria-hidden /></Button> : null}
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
      <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={setPage} />
      <Confirm
        open={doomed !== null}
        onOpenChange={(open) => (open ? undefined : setDoomed(null))}
        title={t("files.deleteTitle", { name: doomed?.original_name ?? "" })}
        description={t("files.deleteDetail")}
        confirmLabel={t("common.delete")}
        danger
        pending={remove.isPending}
        onConfirm={() => doomed && remove.mutate(doomed)}
      />
    </Card>
  );
}
