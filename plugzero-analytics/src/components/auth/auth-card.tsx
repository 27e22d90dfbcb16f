import type { ReactNode } from "react";

export function AuthCard({ title, intro, children, footer }: { title: string; intro?: ReactNode; children: ReactNode; footer?: ReactNode }) {
  return (
    <div className="w-full max-w-sm">
      <h1 className="text-3xl font-medium">{title}</h1>
      {intro ? <p className="mt-2 text-sm text-ink-2">{intro}</p> : null}
      <div className="mt-7">{children}</div>
      {footer ? <div className="mt-6 border-t border-line pt-4 text-sm text-ink-2">{footer}</div> : null}
    </div>
  );
}
