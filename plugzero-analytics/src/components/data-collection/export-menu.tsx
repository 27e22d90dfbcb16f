"use client";

import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useTask } from "@/hooks/use-task";
import { apiFetch } from "@/lib/api/fetch";
import { type DatasetDetail, type ExportFormatEnum, startExport } from "@/lib/api/datasets";
import { describeProblem } from "@/lib/api/problem-text";
import { fileNameOf, saveBlob } from "@/lib/save-file";

const FORMATS = [
  ["csv", "CSV"],
  ["xlsx", "Excel"],
  ["sav", "SPSS"],
  ["parquet", "Parquet"],
  ["jsonl", "JSON Lines"],
] as const satisfies readonly (readonly [ExportFormatEnum, string])[];

/** Writes the Dataset in another format; the file comes by itself once its run has ended. */
export function ExportMenu({ dataset, version }: { dataset: DatasetDetail; version?: number }) {
  const { t } = useI18n();
  const [taskId, setTaskId] = useState<string | null>(null);
  const fetchFile = async (url: string): Promise<void> => {
    try {
      const response = await apiFetch(url, { timeoutMs: 0 });
      saveBlob(await response.blob(), fileNameOf(response, dataset.name));
    } catch (error) {
      toast(describeProblem(error, t).title, { tone: "bad" });
    }
  };
  const start = useMutation({
    mutationFn: (format: ExportFormatEnum) => startExport(dataset.id, format, version),
    onSuccess: (run) => {
      setTaskId(run.task_id);
      toast(t("export.started"));
    },
    onError: (error) => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" }),
  });
  const task = useTask(taskId, {
    onEnd: (run) => {
      setTaskId(null);
      if (run.state === "SUCCESS" && run.result?.url) void fetchFile(run.result.url);
      else if (run.error) toast(run.error.detail || run.error.title, { tone: "bad" });
    },
  });
  return (
    <MenuRoot>
      <MenuTrigger asChild>
        <Button pending={start.isPending || (taskId !== null && !task.isError)}>
          <Download aria-hidden /> {t("export.title")}
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {FORMATS.map(([format, label]) => (
          <MenuItem key={format} onSelect={() => start.mutate(format)}>
            {label}
          </MenuItem>
        ))}
      </MenuContent>
    </MenuRoot>
  );
}
