import type { ReactNode } from "react";

export function PageHeader({ title, intro, actions, eyebrow }: { title: ReactNode; intro?: ReactNode; actions?: ReactNode; eyebrow?: ReactNode }) {
  return (
    <div className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        {eyebrow ? <div className="mb-1 text-xs text-ink-3">{eyebrow}</div> : null}
        <h1 dir="auto" className="text-2xl leading-tight font-medium break-words sm:text-[1.75rem]">{title}</h1>
        {intro ? <p className="mt-1 max-w-2xl text-sm text-ink-3">{intro}</p> : null}
      </div>
      {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
    </div>
  );
}
