"use client";

import { ChevronsUpDown } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { Badge } from "@/components/ui/badge";
import { Dialog, DialogContent, DialogTrigger } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import type { Procedure, Suggestion } from "@/lib/api/analysis";
import { cn } from "@/lib/class-names";
import type { MessageKey } from "@/lib/i18n/translator";

const FAMILIES: Readonly<Record<string, MessageKey>> = {
  describe: "family.describe", tables: "family.tables", compare: "family.compare", relate: "family.relate", model: "family.model",
  structure: "family.structure", market: "family.market", survey: "family.survey", time: "family.time", text: "family.text", quality: "family.quality",
};

interface ProcedurePickerProps {
  procedures: readonly Procedure[];
  value: string | null;
  suggestions: readonly Suggestion[];
  onChoose: (key: string) => void;
}

/** The catalogue, found by the question it answers. */
export function ProcedurePicker({ procedures, value, suggestions, onChoose }: ProcedurePickerProps) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const needle = useDeferredValue(search.trim().toLocaleLowerCase());
  const chosen = procedures.find((procedure) => procedure.key === value);
  const suggested = new Set(suggestions.map((suggestion) => suggestion.procedure));
  const families = useMemo(() => {
    const groups = new Map<string, Procedure[]>();
    for (const procedure of procedures) {
      const text = `${procedure.title}\n${procedure.question}\n${procedure.key}`.toLocaleLowerCase();
      if (needle && !needle.split(/\s+/).every((word) => text.includes(word))) continue;
      groups.set(procedure.family, [...(groups.get(procedure.family) ?? []), procedure]);
    }
    const order = Object.keys(FAMILIES);
    return [...groups].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  }, [procedures, needle]);
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <button type="button" className="flex w-full items-center justify-between gap-3 rounded-md text-start">
          <span className="min-w-0">
            <span className={cn("block truncate font-display text-xl font-medium", !chosen && "text-ink-3")}>{chosen?.title ?? t("analysis.chooseProcedure")}</span>
            <span className="block truncate text-sm text-ink-3">{chosen?.question ?? t("analysis.chooseProcedureDetail", { count: procedures.length })}</span>
          </span>
          <ChevronsUpDown className="size-5 shrink-0 text-ink-3" aria-hidden />
        </button>
      </DialogTrigger>
      <DialogContent kind="wide" title={t("analysis.chooseProcedure")} closeLabel={t("common.close")}>
        <Input autoFocus type="search" value={search} onChange={(event) => setSearch(event.target.value)} placeholder={t("analysis.searchProcedures")} aria-label={t("analysis.searchProcedures")} />
        {families.length === 0 ? <p className="py-8 text-center text-sm text-ink-3">{t("common.nothingFound")}</p> : null}
        {families.map(([family, members]) => {
          const key = FAMILIES[family];
          return (
            <section key={family} className="mt-5">
              <h3 className="text-xs font-medium text-ink-3">{key ? t(key) : family}</h3>
              <ul className="mt-1.5 grid gap-1.5 sm:grid-cols-2 lg:grid-cols-3">
                {members.map((procedure) => (
                  <li key={procedure.key}>
                    <button
                      type="button"
                      aria-pressed={procedure.key === value}
                      onClick={() => {
                        onChoose(procedure.key);
                        setOpen(false);
                      }}
                      className={cn(
                        "flex h-full w-full flex-col gap-0.5 rounded-lg border border-line p-3 text-start hover:border-line-strong hover:bg-hover",
                        procedure.key === value && "border-accent bg-accent-soft",
                      )}
                    >
                      <span className="flex items-center justify-between gap-2 text-sm font-medium">
                        {procedure.title}
                        {suggested.has(procedure.key) ? <Badge tone="warning">{t("analysis.fits")}</Badge> : null}
                      </span>
                      <span className="text-xs text-ink-3">{procedure.question}</span>
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          );
        })}
      </DialogContent>
    </Dialog>
  );
}
