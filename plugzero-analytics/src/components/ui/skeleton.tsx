import type { ComponentProps } from "react";
import { cn } from "@/lib/class-names";

/** A placeholder of the shape of what is coming; hidden from screen readers, which get `LoadingRegion`. */
export function Skeleton({ className, ...props }: ComponentProps<"div">) {
  return <div data-slot="skeleton" aria-hidden className={cn("animate-shimmer rounded-md bg-hover", className)} {...props} />;
}

export function LoadingRegion({ label, children, className }: { label: string; children: React.ReactNode; className?: string }) {
  return (
    <div role="status" aria-live="polite" className={className}>
      <span className="sr-only">{label}</span>
      {children}
    </div>
  );
}
