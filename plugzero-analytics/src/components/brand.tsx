import { cn } from "@/lib/class-names";

/** The mark: a zero whose opening takes a plug. */
export function BrandMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={cn("size-7", className)}>
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path d="M16 6.5c-4.6 0-7 4.1-7 9.5s2.4 9.5 7 9.5 7-4.1 7-9.5" fill="none" stroke="var(--accent-ink)" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M19.6 12.6V7.2M23.6 12.6V7.2" stroke="var(--signal)" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  );
}

export function Brand({ className }: { className?: string }) {
  return (
    <span className={cn("inline-flex items-center gap-2.5", className)}>
      <BrandMark />
      <span className="font-display text-[1.0625rem] leading-none font-semibold tracking-tight">
        PlugZero <span className="font-normal text-ink-3">Intelligence</span>
      </span>
    </span>
  );
}
