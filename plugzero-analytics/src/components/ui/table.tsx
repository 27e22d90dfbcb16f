import type { ComponentProps } from "react";
import { cn } from "@/lib/class-names";

export function Table({ className, label, ...props }: ComponentProps<"table"> & { label: string }) {
  return (
    // A region that scrolls must be reachable by keyboard.
    <div data-slot="table-container" role="region" aria-label={label} tabIndex={0} className="scroll-thin w-full overflow-x-auto">
      <table data-slot="table" className={cn("w-full border-collapse text-sm", className)} {...props} />
    </div>
  );
}

export function TableHead({ className, ...props }: ComponentProps<"th">) {
  return (
    <th
      scope="col"
      data-slot="table-head"
      className={cn("h-9 border-b border-line px-3 text-start text-xs font-medium whitespace-nowrap text-ink-3", className)}
      {...props}
    />
  );
}

export function TableRow({ className, ...props }: ComponentProps<"tr">) {
  return <tr data-slot="table-row" className={cn("border-b border-line last:border-0 hover:bg-hover/50", className)} {...props} />;
}

export function TableCell({ className, ...props }: ComponentProps<"td">) {
  return <td data-slot="table-cell" className={cn("px-3 py-2 align-middle", className)} {...props} />;
}
