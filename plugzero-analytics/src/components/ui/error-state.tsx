"use client";

import { Lock, SearchX, TriangleAlert, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useI18n } from "@/context/i18n";
import { ApiProblem } from "@/lib/api/problem";
import { describeProblem } from "@/lib/api/problem-text";
import { cn } from "@/lib/class-names";
import { Button } from "./button";

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  className?: string;
  compact?: boolean;
}

/** Counts down the server's Retry-After, so that "try again" is offered when it can work. */
function useCountdown(error: unknown): number {
  const seconds = error instanceof ApiProblem ? (error.retryAfter ?? 0) : 0;
  const [state, setState] = useState({ error, left: seconds });
  if (state.error !== error) setState({ error, left: seconds });
  const { left } = state;
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setState((now) => ({ ...now, left: now.left - 1 })), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return left;
}

export function ErrorState({ error, onRetry, className, compact }: ErrorStateProps) {
  const { t } = useI18n();
  const left = useCountdown(error);
  const { title, detail } = describeProblem(error, t);
  const problem = error instanceof ApiProblem ? error : null;
  const Icon = problem?.status === 403 ? Lock : problem?.status === 404 ? SearchX : problem?.status === 0 ? WifiOff : TriangleAlert;
  return (
    <div
      data-slot="error-state"
      role="alert"
      className={cn(
        "flex flex-col items-center justify-center gap-2 rounded-lg border border-bad/30 bg-bad-soft text-center text-ink",
        compact ? "p-4" : "px-6 py-12",
        className,
      )}
    >
      <Icon className="size-5 text-bad" aria-hidden />
      <p className="font-display text-lg font-medium break-words">{title}</p>
      {detail && detail !== title ? <p className="max-w-lg text-sm break-words text-ink-2">{detail}</p> : null}
      {problem?.requestId ? (
        <p className="text-xs text-ink-3">
          {t("error.requestId")} <code className="font-mono select-all">{problem.requestId}</code>
        </p>
      ) : null}
      {onRetry ? (
        <Button className="mt-2" size="sm" onClick={onRetry} disabled={left > 0}>
          {left > 0 ? t("error.retryIn", { seconds: left }) : t("error.retry")}
        </Button>
      ) : null}
    </div>
  );
}

/** The same for a form: one line above the buttons. */
export function FormError({ error }: { error: unknown }) {
  const { t } = useI18n();
  if (!error) return null;
  const { title, detail } = describeProblem(error, t);
  const requestId = error instanceof ApiProblem && error.status >= 500 ? error.requestId : "";
  return (
    <div role="alert" className="rounded-md border border-bad/30 bg-bad-soft px-3 py-2 text-sm break-words text-bad">
      {detail || title}
      {requestId ? (
        <span className="block text-xs">
          {t("error.requestId")} <code className="font-mono">{requestId}</code>
        </span>
      ) : null}
    </div>
  );
}
