import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/class-names";

interface EmptyStateProps {
  icon?: LucideIcon;
  title: ReactNode;
  /** What to do next, in one sentence. */
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}

export function EmptyState({ icon: Icon, title, children, action, className }: EmptyStateProps) {
  return (
    <div
      data-slot="empty-state"
      className={cn("flex flex-col items-center justify-center gap-2 rounded-lg border border-dashed border-line-strong/60 px-6 py-12 text-center", className)}
    >
      {Icon ? (
        <span className="mb-1 inline-flex size-11 items-center justify-center rounded-full bg-accent-soft text-accent">
          <Icon className="size-5" aria-hidden />
        </span>
      ) : null}
      <p className="font-display text-lg font-medium text-ink">{title}</p>
      {children ? <div className="max-w-md text-sm text-ink-3">{children}</div> : null}
      {action ? <div className="mt-3 flex flex-wrap justify-center gap-2">{action}</div> : null}
    </div>
  );
}
