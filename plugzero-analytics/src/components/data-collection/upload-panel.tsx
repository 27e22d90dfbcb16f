"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FileUp, RotateCw, X } from "lucide-react";
import { useId, useRef, useState, useSyncExternalStore, type DragEvent } from "react";
import { TaskRow } from "@/components/task/task-row";
import { Button } from "@/components/ui/button";
import { Combobox } from "@/components/ui/combobox";
import { Progress } from "@/components/ui/progress";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useTask } from "@/hooks/use-task";
import { datasetKeys, fileKeys, projectKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { createProject, listProjects } from "@/lib/api/projects";
import { cn } from "@/lib/class-names";
import { type UploadItem, uploadQueue } from "@/lib/uploads/queue";
import { FormError } from "@/components/ui/error-state";

const EMPTY: readonly UploadItem[] = [];
const ACCEPT = ".csv,.tsv,.txt,.gz,.xlsx,.xls,.ods,.parquet,.feather,.arrow,.json,.jsonl,.ndjson,.sav,.zsav,.por,.dta,.sas7bdat,.xpt,.pdf,.docx";

export function useUploads(): readonly UploadItem[] {
  return useSyncExternalStore(uploadQueue.subscribe, uploadQueue.items, () => EMPTY);
}

/** Takes files by drop or by choice; the first upload of a new team makes its first project by itself. */
export function UploadPanel({ project, compact }: { project: string | null; compact?: boolean }) {
  const { t } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [over, setOver] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const uploads = useUploads();
  const projects = useQuery({ queryKey: projectKeys.list({ page_size: 200 }), queryFn: ({ signal }) => listProjects({ page_size: 200 }, signal) });
  const options = projects.data?.results ?? [];
  const target = project ?? chosen ?? options[0]?.id ?? null;

  const accept = async (files: FileList | null): Promise<void> => {
    if (!files || files.length === 0) return;
    // The input is emptied below, which would empty the live list as well.
    const list = [...files];
    setFailure(null);
    try {
      let into = target;
      if (!into) {
        into = (await createProject({ name: t("project.firstName"), description: "" })).id;
        void client.invalidateQueries({ queryKey: projectKeys.all });
      }
      uploadQueue.add(into, list);
    } catch (error) {
      setFailure(error);
    }
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void accept(event.dataTransfer.files);
  };
  if (!can("files.upload")) return null;
  return (
    <div className="flex flex-col gap-3">
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
        className={cn(
          "flex flex-col items-center gap-2 rounded-xl border-2 border-dashed border-line-strong/60 bg-surface px-6 text-center transition-colors",
          compact ? "py-6" : "py-12",
          over && "border-accent bg-accent-soft",
        )}
      >
        <FileUp className="size-7 text-accent" aria-hidden />
        <p className="font-display text-xl font-medium">{t("upload.title")}</p>
        <p id={`${id}-hint`} className="max-w-lg text-sm text-ink-3">{t("upload.hint")}</p>
        <input
          ref={input}
          id={id}
          type="file"
          multiple
          accept={ACCEPT}
          // The button beside it opens it: one control, not two, for keyboard and screen reader.
          hidden
          onChange={(event) => {
            void accept(event.target.files);
            event.target.value = "";
          }}
        />
        <div className="mt-2 flex flex-wrap items-center justify-center gap-2">
          <Button variant="primary" aria-describedby={`${id}-hint`} onClick={() => input.current?.click()}>
            {t("upload.choose")}
          </Button>
          {!project && options.length > 1 ? (
            <Combobox
              className="w-56"
              value={target}
              onValueChange={setChosen}
              options={options.map((entry) => ({ value: entry.id, label: entry.name }))}
              placeholder={t("upload.into")}
              searchLabel={t("project.search")}
              emptyText={t("common.nothingFound")}
              aria-label={t("upload.into")}
            />
          ) : null}
        </div>
      </div>
      <FormError error={failure} />
      {uploads.length > 0 ? (
        <ul aria-label={t("upload.list")} className="flex flex-col divide-y divide-line rounded-lg border border-line bg-surface">
          {uploads.map((item) => (
            <li key={item.id} className="px-4 py-3">
              <UploadRow item={item} />
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function UploadRow({ item }: { item: UploadItem }) {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const task = useTask(item.taskId, {
    onEnd: () => {
      void client.invalidateQueries({ queryKey: datasetKeys.all });
      void client.invalidateQueries({ queryKey: fileKeys.all });
      void client.invalidateQueries({ queryKey: projectKeys.all });
    },
  });
  const share = item.size > 0 ? item.sent / item.size : null;
  return (
    <div className="flex items-start gap-3">
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline justify-between gap-3 text-sm">
          <span dir="auto" className="truncate font-medium">{item.name}</span>
          <span className="tabular shrink-0 text-xs text-ink-3">
            {item.state === "sending" ? `${format.bytes(item.sent)} / ` : ""}
            {format.bytes(item.size)}
          </span>
        </p>
        {item.state === "sending" || item.state === "waiting" ? <Progress className="mt-2" value={item.state === "waiting" ? 0 : share} label={t("upload.sending", { name: item.name })} /> : null}
        {item.state === "failed" ? (
          <p role="alert" className="mt-1 text-sm text-bad">
            {describeProblem(item.error, t).detail || describeProblem(item.error, t).title}
          </p>
        ) : null}
        {task.data ? <TaskRow run={task.data} dense className="mt-2" /> : null}
      </div>
      {item.state === "failed" ? (
        <Button size="icon-sm" variant="ghost" aria-label={t("upload.retry", { name: item.name })} onClick={() => uploadQueue.retry(item.id)}>
          <RotateCw aria-hidden />
        </Button>
      ) : null}
      <Button size="icon-sm" variant="ghost" aria-label={t("upload.remove", { name: item.name })} onClick={() => uploadQueue.remove(item.id)}>
        <X aria-hidden />
      </Button>
    </div>
  );
}
