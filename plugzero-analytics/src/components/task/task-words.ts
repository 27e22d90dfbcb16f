import type { MessageKey, Translate } from "@/lib/i18n/translator";

const TITLES: Readonly<Record<string, MessageKey>> = {
  "data_ingestion.ingest": "task.kind.ingest",
  "data_ingestion.ingest_file": "task.kind.ingest",
  "data_ingestion.apply_recipe": "task.kind.recipe",
  "data_ingestion.export": "task.kind.export",
  "data_ingestion.export_dataset": "task.kind.export",
  "analysis.run": "task.kind.analysis",
  "analysis.run_procedure": "task.kind.analysis",
  "seo_intelligence.audit": "task.kind.audit",
  "seo_intelligence.run_audit": "task.kind.audit",
};

/** The words for a task kind; a kind nobody named here is still readable. */
export function taskTitle(kind: string, t: Translate): string {
  const key = TITLES[kind];
  if (key) return t(key);
  const words = kind.split(".").at(-1)?.replaceAll("_", " ") ?? kind;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The page that shows a result; null for results that have none. */
export function resultPath(result: { type: string; id: string; url: string }): string | null {
  const id = encodeURIComponent(result.id);
  if (/dataset/i.test(result.type)) return `/data/${id}`;
  if (/analysis/i.test(result.type)) return `/analysis/results/${id}`;
  if (/audit/i.test(result.type)) return `/seo/audits/${id}`;
  return null;
}
