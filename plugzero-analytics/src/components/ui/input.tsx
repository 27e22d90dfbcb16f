import type { ComponentProps } from "react";
import { cn } from "@/lib/class-names";

const control =
  "w-full min-w-0 rounded-md border border-line-strong bg-surface px-3 text-sm text-ink transition-colors hover:border-ink-3 disabled:opacity-60 disabled:hover:border-line-strong aria-invalid:border-bad aria-invalid:bg-bad-soft";

export function Input({ className, type, ...props }: ComponentProps<"input">) {
  return <input data-slot="input" type={type ?? "text"} className={cn(control, "h-9", className)} {...props} />;
}

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return <textarea data-slot="textarea" className={cn(control, "min-h-20 py-2 leading-relaxed", className)} {...props} />;
}

/** A native select: the browser's own keyboard, touch and screen-reader behaviour. */
export function NativeSelect({ className, ...props }: ComponentProps<"select">) {
  return <select data-slot="native-select" className={cn(control, "h-9 pe-8", className)} {...props} />;
}
