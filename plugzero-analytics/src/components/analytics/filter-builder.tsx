"use client";

import { Plus, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Combobox } from "@/components/ui/combobox";
import { Input } from "@/components/ui/input";
import { Select } from "@/components/ui/select";
import { useI18n } from "@/context/i18n";
import type { ColumnSchema } from "@/lib/api/datasets";
import { columnTitle, isNumeric } from "@/lib/columns";
import type { MessageKey } from "@/lib/i18n/translator";
import { type Condition, type ConditionSet, OPERATORS, type Operator, operatorsFor } from "@/lib/parameters/filter";

const LABELS: Record<Operator, MessageKey> = {
  eq: "filter.eq", ne: "filter.ne", lt: "filter.lt", le: "filter.le", gt: "filter.gt", ge: "filter.ge", in: "filter.in", not_in: "filter.not_in",
  between: "filter.between", contains: "filter.contains", starts_with: "filter.starts_with", is_missing: "filter.is_missing", not_missing: "filter.not_missing",
};

interface FilterBuilderProps {
  value: ConditionSet;
  onChange: (value: ConditionSet) => void;
  columns: readonly ColumnSchema[];
}

export function FilterBuilder({ value, onChange, columns }: FilterBuilderProps) {
  const { t } = useI18n();
  const set = (index: number, change: Partial<Condition>): void =>
    onChange({ ...value, conditions: value.conditions.map((condition, at) => (at === index ? { ...condition, ...change } : condition)) });
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="sr-only">{t("filter.title")}</legend>
      {value.conditions.length > 1 ? (
        <Select
          size="sm"
          aria-label={t("filter.match")}
          className="w-auto self-start"
          value={value.join}
          onValueChange={(join) => onChange({ ...value, join: join === "or" ? "or" : "and" })}
          options={[{ value: "and", label: t("filter.all") }, { value: "or", label: t("filter.any") }]}
        />
      ) : null}
      {value.conditions.map((condition, index) => {
        const column = columns.find((candidate) => candidate.name === condition.column);
        const takesValue = condition.op !== "is_missing" && condition.op !== "not_missing";
        const labels = column ? Object.entries(column.value_labels) : [];
        return (
          // The conditions have no identity but their place.
          <div key={index} className="grid grid-cols-[minmax(0,1fr)_auto] gap-2 sm:grid-cols-[minmax(0,1.2fr)_minmax(0,0.8fr)_minmax(0,1.2fr)_auto]">
            <Combobox
              value={condition.column || null}
              onValueChange={(name) => {
                const next = columns.find((candidate) => candidate.name === name);
                const allowed = operatorsFor(next);
                set(index, { column: name ?? "", op: allowed.includes(condition.op) ? condition.op : (allowed[0] ?? "eq"), value: "" });
              }}
              options={columns.filter((candidate) => !candidate.is_raw).map((candidate) => ({ value: candidate.name, label: columnTitle(candidate), keywords: candidate.name }))}
              placeholder={t("filter.column")}
              searchLabel={t("analysis.searchVariables")}
              emptyText={t("common.nothingFound")}
              aria-label={t("filter.column")}
            />
            <Button variant="ghost" size="icon" aria-label={t("filter.remove")} className="sm:order-last" onClick={() => onChange({ ...value, conditions: value.conditions.filter((_, at) => at !== index) })}>
              <Trash2 aria-hidden />
            </Button>
            <Select
              aria-label={t("filter.operator")}
              value={condition.op}
              onValueChange={(op) => set(index, { op: OPERATORS.find((known) => known === op) ?? "eq" })}
              options={operatorsFor(column).map((op) => ({ value: op, label: t(LABELS[op]) }))}
            />
            {takesValue && labels.length > 0 && (condition.op === "eq" || condition.op === "ne") ? (
              <Combobox
                value={condition.value || null}
                onValueChange={(next) => set(index, { value: next ?? "" })}
                options={labels.map(([code, label]) => ({ value: code, label: label || code, hint: label && label !== code ? code : undefined }))}
                placeholder={t("filter.value")}
                searchLabel={t("filter.value")}
                emptyText={t("common.nothingFound")}
                aria-label={t("filter.value")}
              />
            ) : takesValue ? (
              <Input
                aria-label={t("filter.value")}
                placeholder={condition.op === "between" ? t("filter.betweenHint") : condition.op === "in" || condition.op === "not_in" ? t("filter.listHint") : t("filter.value")}
                dir="auto"
                inputMode={column && isNumeric(column) && !["in", "not_in", "between"].includes(condition.op) ? "decimal" : undefined}
                value={condition.value}
                onChange={(event) => set(index, { value: event.target.value })}
              />
            ) : (
              <span />
            )}
          </div>
        );
      })}
      <Button size="sm" variant="ghost" className="self-start" onClick={() => onChange({ ...value, conditions: [...value.conditions, { column: "", op: "eq", value: "" }] })}>
        <Plus aria-hidden /> {t("filter.add")}
      </Button>
    </fieldset>
  );
}
