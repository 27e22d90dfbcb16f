"use client";

import { ArrowRight, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox, Switch } from "@/components/ui/checkbox";
import { Field } from "@/components/ui/field";
import { Input, Textarea } from "@/components/ui/input";
import { Select } from "@/components/ui/select";
import { useI18n } from "@/context/i18n";
import type { Json, JsonObject } from "@/lib/api/analysis";
import type { ColumnSchema } from "@/lib/api/datasets";
import type { MessageKey } from "@/lib/i18n/translator";
import { initialValues, type FaultCode, type ParameterFault, type ParameterField } from "@/lib/parameters/schema";
import { conditionsOf, type ConditionSet, filterTree, NO_FILTER } from "@/lib/parameters/filter";
import { ColumnSlot } from "./column-slot";
import { DatasetPicker } from "./dataset-picker";
import { FilterBuilder } from "./filter-builder";

const FAULTS: Record<FaultCode, MessageKey> = {
  required: "validation.required", minItems: "validation.minItems", maxItems: "validation.maxItems", minimum: "validation.minimum",
  maximum: "validation.maximum", above: "validation.above", below: "validation.below", integer: "validation.integer", maxLength: "validation.tooLong",
};

export interface ParameterFormProps {
  fields: readonly ParameterField[];
  values: JsonObject;
  onChange: (name: string, value: Json | undefined) => void;
  columns: readonly ColumnSchema[];
  faults: Readonly<Record<string, ParameterFault>>;
  /** Sentences of the API by field name. */
  serverFaults: Readonly<Record<string, string>>;
  activeSlot: string | null;
  onActivateSlot: (name: string) => void;
}

/** The form of any procedure, made from its parameter schema: column roles first, options below. */
export function ParameterForm(props: ParameterFormProps) {
  const { t } = useI18n();
  const roles = props.fields.filter((field) => field.kind === "column" || field.kind === "columns");
  const options = props.fields.filter((field) => field.kind !== "column" && field.kind !== "columns");
  const faultText = (name: string): string | undefined => {
    const fault = props.faults[name];
    return props.serverFaults[name] ?? (fault ? t(FAULTS[fault.code], fault.limit === undefined ? {} : { min: fault.limit, max: fault.limit, limit: fault.limit }) : undefined);
  };
  return (
    <div className="flex flex-col gap-4">
      {roles.length > 0 ? (
        <div className="grid gap-3 sm:grid-cols-2">
          {roles.map((field) => {
            const value = props.values[field.name];
            const names = (Array.isArray(value) ? value : [value]).filter((name): name is string => typeof name === "string");
            return (
              <ColumnSlot
                key={field.name}
                field={field}
                columns={props.columns}
                value={names}
                onChange={(next) => props.onChange(field.name, field.kind === "column" ? next[0] : next)}
                error={faultText(field.name)}
                active={props.activeSlot === field.name}
                onActivate={() => props.onActivateSlot(field.name)}
              />
            );
          })}
        </div>
      ) : null}
      {options.length > 0 ? (
        <details className="group rounded-lg border border-line" open={options.some((field) => field.required || faultText(field.name)) || undefined}>
          <summary className="flex list-none items-center justify-between px-3 py-2 text-sm font-medium select-none">
            {t("analysis.options")}
            <span className="text-xs font-normal text-ink-3">{t("analysis.optionCount", { count: options.length })}</span>
          </summary>
          <div className="grid gap-4 border-t border-line p-3 sm:grid-cols-2 xl:grid-cols-3">
            {options.map((field) => (
              <OptionField
                key={field.name}
                field={field}
                value={props.values[field.name]}
                onChange={(value) => props.onChange(field.name, value)}
                error={faultText(field.name)}
                columns={props.columns}
              />
            ))}
          </div>
        </details>
      ) : null}
    </div>
  );
}

interface OptionFieldProps {
  field: ParameterField;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  error?: string;
  columns: readonly ColumnSchema[];
}

const NONE = "\u0000none";

function readable(option: string | number | boolean): string {
  const text = String(option).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function OptionField({ field, value, onChange, error, columns }: OptionFieldProps) {
  const { t } = useI18n();
  const common = { label: field.title, hint: field.help || undefined, error, optional: field.nullable ? t("common.optional") : undefined };
  switch (field.kind) {
    case "boolean":
      return (
        <Field {...common}>
          {(control) => <Switch {...control} checked={value === true} onCheckedChange={onChange} />}
        </Field>
      );
    case "integer":
    case "number":
      return (
        <Field {...common}>
          {(control) => (
            <Input
              {...control}
              type="number"
              dir="ltr"
              step={field.kind === "integer" ? 1 : "any"}
              min={field.minimum ?? field.exclusiveMinimum}
              max={field.maximum ?? field.exclusiveMaximum}
              value={typeof value === "number" ? value : ""}
              onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)}
            />
          )}
        </Field>
      );
    case "choice":
      return (
        <Field {...common}>
          {(control) => (
            <Select
              {...control}
              value={value === undefined || value === null ? NONE : String(value)}
              onValueChange={(text) => onChange(text === NONE ? undefined : field.options.find((option) => String(option) === text))}
              options={[
                ...(field.nullable ? [{ value: NONE, label: t("common.none") }] : []),
                ...field.options.map((option) => ({ value: String(option), label: readable(option) })),
              ]}
            />
          )}
        </Field>
      );
    case "choices": {
      const chosen = Array.isArray(value) ? value : [];
      return (
        <fieldset className="flex flex-col gap-1.5">
          <legend className="mb-1.5 text-sm font-medium">{field.title}</legend>
          {field.options.map((option) => (
            <label key={String(option)} className="flex items-center gap-2 text-sm">
              <Checkbox
                checked={chosen.includes(option)}
                onCheckedChange={(on) => onChange(on === true ? [...chosen, option] : chosen.filter((item) => item !== option))}
              />
              {readable(option)}
            </label>
          ))}
          {error ? <p role="alert" className="text-xs font-medium text-bad">{error}</p> : null}
        </fieldset>
      );
    }
    case "texts":
    case "numbers":
      return <LinesField {...{ field, value, onChange, common }} />;
    case "group":
      return (
        <NestedFields
          field={field}
          value={typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}}
          onChange={onChange}
          columns={columns}
        />
      );
    case "groups": {
      const items = (Array.isArray(value) ? value : []).map((item) => (typeof item === "object" && item !== null && !Array.isArray(item) ? item : {}));
      return (
        <fieldset className="flex flex-col gap-2 sm:col-span-2 xl:col-span-3">
          <legend className="mb-1.5 text-sm font-medium">{field.title}</legend>
          {field.help ? <p className="text-xs text-ink-3">{field.help}</p> : null}
          {items.map((item, index) => (
            // The items have no identity but their place.
            <div key={index} className="flex items-start gap-2">
              <div className="flex-1">
                <NestedFields
                  field={{ ...field, title: `${index + 1}` }}
                  value={item}
                  onChange={(next) => onChange(items.map((other, at) => (at === index ? next : other)))}
                  columns={columns}
                />
              </div>
              <Button size="icon-sm" variant="ghost" aria-label={t("common.remove")} onClick={() => onChange(items.filter((_, at) => at !== index))}>
                <Trash2 aria-hidden />
              </Button>
            </div>
          ))}
          <Button size="sm" className="self-start" onClick={() => onChange([...items, initialValues(field.fields)])}>
            <Plus aria-hidden /> {t("common.add")}
          </Button>
          {error ? <p role="alert" className="text-xs font-medium text-bad">{error}</p> : null}
        </fieldset>
      );
    }
    case "map":
      return <MapField {...{ value, onChange, common }} />;
    case "filter":
      return (
        <div className="sm:col-span-2 xl:col-span-3">
          <p className="mb-1.5 text-sm font-medium">{field.title}</p>
          <FilterField value={value} onChange={onChange} columns={columns} />
          {error ? <p role="alert" className="mt-1 text-xs font-medium text-bad">{error}</p> : null}
        </div>
      );
    case "dataset":
      return <Field {...common}>{(control) => <DatasetPicker {...control} value={typeof value === "string" ? value : null} onValueChange={(id) => onChange(id ?? undefined)} />}</Field>;
    case "json":
      return <JsonField {...{ value, onChange, common }} />;
    default:
      return (
        <Field {...common}>
          {(control) => (
            <Input {...control} dir="auto" maxLength={field.maxLength} value={typeof value === "string" ? value : ""} onChange={(event) => onChange(event.target.value || undefined)} />
          )}
        </Field>
      );
  }
}

interface CommonProps {
  label: string;
  hint?: string;
  error?: string;
}

/** A list of texts or numbers, one per line. */
function LinesField({ field, value, onChange, common }: Pick<OptionFieldProps, "field" | "value" | "onChange"> & { common: CommonProps }) {
  const { t } = useI18n();
  const [text, setText] = useState(() => (Array.isArray(value) ? value.join("\n") : ""));
  const read = (next: string): void => {
    setText(next);
    const lines = next.split("\n").map((line) => line.trim()).filter(Boolean);
    onChange(field.kind === "numbers" ? lines.map(Number).filter(Number.isFinite) : lines);
  };
  return (
    <Field {...common} hint={common.hint ?? t("analysis.onePerLine")}>
      {(control) => <Textarea {...control} dir="auto" rows={3} value={text} onChange={(event) => read(event.target.value)} />}
    </Field>
  );
}

/** For shapes that no control fits: the value itself, checked while it is typed. */
function JsonField({ value, onChange, common }: { value: Json | undefined; onChange: (value: Json | undefined) => void; common: CommonProps }) {
  const { t } = useI18n();
  const [text, setText] = useState(() => (value === undefined || value === null ? "" : JSON.stringify(value, null, 2)));
  const [broken, setBroken] = useState(false);
  const read = (next: string): void => {
    setText(next);
    if (!next.trim()) {
      setBroken(false);
      onChange(undefined);
      return;
    }
    try {
      onChange(JSON.parse(next) as Json);
      setBroken(false);
    } catch {
      setBroken(true);
    }
  };
  return (
    <Field {...common} error={broken ? t("validation.json") : common.error} className="sm:col-span-2">
      {(control) => <Textarea {...control} dir="ltr" spellCheck={false} className="font-mono text-xs" value={text} onChange={(event) => read(event.target.value)} />}
    </Field>
  );
}

/** Pairs of texts, such as old and new value. A new value that reads as a number is sent as one. */
function MapField({ value, onChange, common }: { value: Json | undefined; onChange: (value: Json | undefined) => void; common: CommonProps }) {
  const { t } = useI18n();
  const [pairs, setPairs] = useState<[string, string][]>(() =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([from, to]) => [from, to === null ? "" : String(to)])
      : [["", ""]],
  );
  const update = (next: [string, string][]): void => {
    setPairs(next);
    const entries = next.filter(([from]) => from !== "");
    onChange(entries.length > 0 ? Object.fromEntries(entries.map(([from, to]) => [from, to === "" ? null : to])) : undefined);
  };
  const set = (index: number, side: 0 | 1, text: string): void =>
    update(pairs.map((pair, at) => (at === index ? (side === 0 ? [text, pair[1]] : [pair[0], text]) : pair)));
  return (
    <fieldset className="flex flex-col gap-2 sm:col-span-2 xl:col-span-3">
      <legend className="mb-1.5 text-sm font-medium">{common.label}</legend>
      {pairs.map(([from, to], index) => (
        // The pairs have no identity but their place.
        <div key={index} className="grid grid-cols-[1fr_auto_1fr_auto] items-center gap-2">
          <Input dir="auto" aria-label={t("recipe.from")} placeholder={t("recipe.from")} value={from} onChange={(event) => set(index, 0, event.target.value)} />
          <ArrowRight className="mirror-rtl size-4 text-ink-3" aria-hidden />
          <Input dir="auto" aria-label={t("recipe.to")} placeholder={t("recipe.to")} value={to} onChange={(event) => set(index, 1, event.target.value)} />
          <Button size="icon-sm" variant="ghost" aria-label={t("common.remove")} onClick={() => update(pairs.filter((_, at) => at !== index))}>
            <Trash2 aria-hidden />
          </Button>
        </div>
      ))}
      <Button size="sm" className="self-start" onClick={() => setPairs([...pairs, ["", ""]])}>
        <Plus aria-hidden /> {t("common.add")}
      </Button>
      {common.error ? <p role="alert" className="text-xs font-medium text-bad">{common.error}</p> : null}
    </fieldset>
  );
}

function FilterField({ value, onChange, columns }: { value: Json | undefined; onChange: (value: Json | undefined) => void; columns: readonly ColumnSchema[] }) {
  const [conditions, setConditions] = useState<ConditionSet>(
    () => conditionsOf(typeof value === "object" && value !== null && !Array.isArray(value) ? value : null) ?? NO_FILTER,
  );
  return (
    <FilterBuilder
      value={conditions}
      columns={columns}
      onChange={(next) => {
        setConditions(next);
        onChange(filterTree(next, columns) ?? undefined);
      }}
    />
  );
}

function NestedFields({ field, value, onChange, columns }: { field: ParameterField; value: JsonObject; onChange: (value: JsonObject) => void; columns: readonly ColumnSchema[] }) {
  return (
    <fieldset className="rounded-lg border border-line p-3 sm:col-span-2">
      <legend className="px-1 text-sm font-medium">{field.title}</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {field.fields.map((inner) => {
          const current = value[inner.name];
          const set = (next: Json | undefined): void => {
            const { [inner.name]: _old, ...rest } = value;
            onChange(next === undefined ? rest : { ...rest, [inner.name]: next });
          };
          if (inner.kind === "column" || inner.kind === "columns") {
            const names = (Array.isArray(current) ? current : [current]).filter((name): name is string => typeof name === "string");
            return (
              <ColumnSlot
                key={inner.name}
                field={{ ...inner, name: `${field.name}.${inner.name}.${field.title}` }}
                columns={columns}
                value={names}
                onChange={(next) => set(inner.kind === "column" ? next[0] : next)}
                active={false}
                onActivate={() => undefined}
              />
            );
          }
          return <OptionField key={inner.name} field={inner} value={current} onChange={set} columns={columns} />;
        })}
      </div>
    </fieldset>
  );
}
