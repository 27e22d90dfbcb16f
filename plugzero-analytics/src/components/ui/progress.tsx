"use client";

import { cn } from "@/lib/class-names";

interface ProgressProps {
  /** Share done from 0 to 1; null when the length of the work is not known. */
  value: number | null;
  label: string;
  className?: string;
  tone?: "accent" | "good" | "bad";
}

export function Progress({ value, label, className, tone = "accent" }: ProgressProps) {
  const share = value === null || !Number.isFinite(value) ? null : Math.min(1, Math.max(0, value));
  const fill = tone === "good" ? "bg-good" : tone === "bad" ? "bg-bad" : "bg-accent";
  return (
    <div
      data-slot="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === null ? undefined : Math.round(share * 100)}
      className={cn("relative h-1.5 w-full overflow-hidden rounded-full bg-hover", className)}
    >
      {share === null ? (
        <div className={cn("animate-indeterminate absolute inset-y-0 w-2/5 rounded-full", fill)} />
      ) : (
        <div className={cn("h-full rounded-full transition-[width] duration-300", fill)} style={{ width: `${share * 100}%` }} />
      )}
    </div>
  );
}
