"use client";

import { useEffect, useRef } from "react";
import type { DefaultValues, FieldValues, UseFormReturn } from "react-hook-form";

const PREFIX = "plugzero.draft.";

/**
 * Keeps what was typed into a form until it is sent: over a lost session, a failed request or a reload.
 * The draft lives in this tab's sessionStorage. Never use it on a form that has a secret in it.
 */
export function useDraft<T extends FieldValues>(key: string, form: UseFormReturn<T>): { clear: () => void } {
  const restored = useRef(false);
  useEffect(() => {
    if (restored.current) return;
    restored.current = true;
    try {
      const stored = window.sessionStorage.getItem(PREFIX + key);
      if (!stored) return;
      const parsed: unknown = JSON.parse(stored);
      if (typeof parsed === "object" && parsed !== null) {
        form.reset({ ...form.getValues(), ...(parsed as DefaultValues<T>) } as T, { keepDefaultValues: true });
      }
    } catch {
      // An unreadable draft is no draft.
    }
  }, [form, key]);
  useEffect(() => {
    const subscription = form.watch((values) => {
      try {
        window.sessionStorage.setItem(PREFIX + key, JSON.stringify(values));
      } catch {
        // Storage may be full or blocked; typing must go on.
      }
    });
    return () => subscription.unsubscribe();
  }, [form, key]);
  return { clear: () => window.sessionStorage.removeItem(PREFIX + key) };
}
