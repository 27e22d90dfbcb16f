"use client";

import { useDroppable } from "@dnd-kit/core";
import { Plus, X } from "lucide-react";
import { Combobox } from "@/components/ui/combobox";
import { useI18n } from "@/context/i18n";
import type { ColumnSchema } from "@/lib/api/datasets";
import { cn } from "@/lib/class-names";
import { columnTitle, measureOf } from "@/lib/columns";
import type { ParameterField } from "@/lib/parameters/schema";
import { MeasureIcon } from "./column-icon";

interface ColumnSlotProps {
  field: ParameterField;
  columns: readonly ColumnSchema[];
  value: readonly string[];
  onChange: (names: string[]) => void;
  error?: string;
  active: boolean;
  onActivate: () => void;
}

export function fitsField(column: ColumnSchema | undefined, field: ParameterField): boolean {
  return column !== undefined && (!field.accepts || field.accepts.includes(measureOf(column)));
}

/** Where a role's columns are put: by drop, by click in the list, or by its own search. */
export function ColumnSlot({ field, columns, value, onChange, error, active, onActivate }: ColumnSlotProps) {
  const { t } = useI18n();
  const { setNodeRef, isOver, active: dragged } = useDroppable({ id: field.name });
  const byName = new Map(columns.map((column) => [column.name, column]));
  const limit = field.kind === "column" ? 1 : (field.maxItems ?? Infinity);
  const draggedFits = dragged ? fitsField(byName.get(String(dragged.id)), field) : false;
  const id = `slot-${field.name}`;
  const choices = columns.filter((column) => !column.is_raw && !value.includes(column.name));
  return (
    <div
      ref={setNodeRef}
      onFocus={onActivate}
      onClick={onActivate}
      className={cn(
        "flex flex-col gap-2 rounded-lg border border-line bg-canvas p-3 transition-colors",
        active && "border-accent",
        dragged && (draggedFits ? "border-dashed border-accent bg-accent-soft" : "opacity-60"),
        isOver && draggedFits && "ring-2 ring-accent",
        error && "border-bad",
      )}
    >
      <div className="flex items-baseline justify-between gap-2">
        <span id={id} className="text-sm font-medium">{field.title}</span>
        <span className="text-xs text-ink-3">
          {field.required ? (limit > 1 && field.minItems > 1 ? t("analysis.atLeast", { count: field.minItems }) : "") : t("common.optional")}
        </span>
      </div>
      {value.length > 0 ? (
        <ul aria-labelledby={id} className="flex flex-wrap gap-1.5">
          {value.map((name) => {
            const column = byName.get(name);
            const fits = fitsField(column, field);
            return (
              <li key={name} className={cn("flex max-w-full items-center gap-1.5 rounded-md bg-accent-soft py-1 ps-2 pe-1 text-sm", !fits && "bg-signal-soft")}>
                {column ? <MeasureIcon measure={measureOf(column)} /> : null}
                <span dir="auto" className="min-w-0 truncate" title={name}>{column ? columnTitle(column) : name}</span>
                <button
                  type="button"
                  aria-label={t("analysis.removeVariable", { name: column ? columnTitle(column) : name })}
                  onClick={(event) => {
                    event.stopPropagation();
                    onChange(value.filter((other) => other !== name));
                  }}
                  className="inline-flex size-5 items-center justify-center rounded text-ink-3 hover:bg-hover hover:text-ink"
                >
                  <X className="size-3.5" aria-hidden />
                </button>
              </li>
            );
          })}
        </ul>
      ) : null}
      {value.length < limit ? (
        <div className="flex items-center gap-1">
          <Plus className="size-4 shrink-0 text-ink-3" aria-hidden />
          <Combobox
            value={null}
            onValueChange={(name) => name && onChange(limit === 1 ? [name] : [...value, name])}
            options={[...choices]
              .sort((a, b) => Number(fitsField(b, field)) - Number(fitsField(a, field)))
              .map((column) => ({
                value: column.name,
                label: columnTitle(column),
                keywords: column.name,
                hint: fitsField(column, field) ? undefined : t("analysis.unusual"),
              }))}
            placeholder={value.length === 0 ? t("analysis.dropHere") : t("analysis.addAnother")}
            searchLabel={t("analysis.searchVariables")}
            emptyText={t("common.nothingFound")}
            aria-label={t("analysis.chooseFor", { role: field.title })}
            aria-invalid={error ? true : undefined}
            className="h-8 border-transparent bg-transparent px-1.5 hover:border-line"
          />
        </div>
      ) : null}
      {field.help ? <p className="text-xs text-ink-3">{field.help}</p> : null}
      {error ? <p role="alert" className="text-xs font-medium text-bad">{error}</p> : null}
    </div>
  );
}
