"use client";

import { createContext, useContext, useId, type ComponentProps, type ReactNode } from "react";
import { cn } from "@/lib/class-names";

interface FieldIds {
  control: string;
  hint?: string;
  error?: string;
}

const FieldContext = createContext<FieldIds | null>(null);

/** Attributes that tie a control to its label, hint and error; spread onto the control. */
export function useFieldControl(): { id?: string; "aria-describedby"?: string; "aria-invalid"?: true } {
  const ids = useContext(FieldContext);
  if (!ids) return {};
  const describedBy = [ids.error, ids.hint].filter(Boolean).join(" ");
  return {
    id: ids.control,
    "aria-describedby": describedBy || undefined,
    "aria-invalid": ids.error ? true : undefined,
  };
}

interface FieldProps extends Omit<ComponentProps<"div">, "children"> {
  label: ReactNode;
  hint?: ReactNode;
  error?: string;
  optional?: ReactNode;
  children: (control: ReturnType<typeof useFieldControl>) => ReactNode;
}

function Control({ render }: { render: FieldProps["children"] }) {
  return <>{render(useFieldControl())}</>;
}

export function Field({ label, hint, error, optional, children, className, ...props }: FieldProps) {
  const id = useId();
  const ids: FieldIds = {
    control: id,
    hint: hint ? `${id}-hint` : undefined,
    error: error ? `${id}-error` : undefined,
  };
  return (
    <FieldContext.Provider value={ids}>
      <div data-slot="field" className={cn("flex flex-col gap-1.5", className)} {...props}>
        <label htmlFor={id} className="flex items-baseline justify-between gap-2 text-sm font-medium text-ink">
          <span>{label}</span>
          {optional ? <span className="text-xs font-normal text-ink-3">{optional}</span> : null}
        </label>
        <Control render={children} />
        {hint ? (
          <p id={ids.hint} className="text-xs text-ink-3">
            {hint}
          </p>
        ) : null}
        {error ? (
          <p id={ids.error} role="alert" className="text-xs font-medium text-bad">
            {error}
          </p>
        ) : null}
      </div>
    </FieldContext.Provider>
  );
}
