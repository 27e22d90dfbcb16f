import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "@/lib/class-names";

const badgeVariants = cva(
  "inline-flex max-w-full items-center gap-1 rounded-sm px-1.5 py-0.5 text-[0.6875rem] leading-4 font-medium [&_svg]:size-3 [&_svg]:shrink-0",
  {
    variants: {
      tone: {
        neutral: "bg-sunken text-ink-2 ring-1 ring-inset ring-line",
        accent: "bg-accent-soft text-accent",
        good: "bg-good-soft text-good",
        warning: "bg-signal-soft text-signal-text",
        bad: "bg-bad-soft text-bad",
      },
    },
    defaultVariants: { tone: "neutral" },
  },
);

export type BadgeTone = NonNullable<VariantProps<typeof badgeVariants>["tone"]>;

export function Badge({ className, tone, ...props }: ComponentProps<"span"> & VariantProps<typeof badgeVariants>) {
  return <span data-slot="badge" className={cn(badgeVariants({ tone }), className)} {...props} />;
}
