"use client";

import * as ToastPrimitive from "@radix-ui/react-toast";
import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useI18n } from "@/context/i18n";

interface ToastMessage {
  id: number;
  text: string;
  tone: "good" | "bad";
  undo?: () => void;
}

const DURATION_MS = 6_000;
const DURATION_WITH_UNDO_MS = 10_000;
const MAX_VISIBLE = 4;

let messages: readonly ToastMessage[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly ToastMessage[]): void {
  messages = next;
  listeners.forEach((listener) => listener());
}

function dismiss(id: number): void {
  set(messages.filter((message) => message.id !== id));
}

/** Shows a short message; with `undo` it also offers to take the action back. */
export function toast(text: string, options: { tone?: "good" | "bad"; undo?: () => void } = {}): void {
  const message: ToastMessage = { id: nextId, text, tone: options.tone ?? "good", undo: options.undo };
  nextId += 1;
  set([...messages, message].slice(-MAX_VISIBLE));
}

const EMPTY: readonly ToastMessage[] = [];

export function Toaster() {
  const { t, direction } = useI18n();
  const shown = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => messages,
    () => EMPTY,
  );
  return (
    <ToastPrimitive.Provider label={t("toast.region")} swipeDirection={direction === "rtl" ? "left" : "right"}>
      {shown.map((message) => (
        <ToastPrimitive.Root
          key={message.id}
          data-slot="toast"
          duration={message.undo ? DURATION_WITH_UNDO_MS : DURATION_MS}
          onOpenChange={(open) => (open ? undefined : dismiss(message.id))}
          className="animate-in flex items-start gap-3 rounded-lg border border-line bg-raised p-3 text-sm text-ink shadow-pop"
        >
          {message.tone === "good" ? (
            <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
          ) : (
            <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          )}
          <ToastPrimitive.Description className="min-w-0 flex-1 break-words">{message.text}</ToastPrimitive.Description>
          {message.undo ? (
            <ToastPrimitive.Action altText={t("toast.undo")} asChild>
              <button type="button" onClick={message.undo} className="shrink-0 font-medium text-accent hover:underline">
                {t("toast.undo")}
              </button>
            </ToastPrimitive.Action>
          ) : null}
          <ToastPrimitive.Close aria-label={t("common.close")} className="shrink-0 rounded text-ink-3 hover:text-ink">
            <X className="size-4" aria-hidden />
          </ToastPrimitive.Close>
        </ToastPrimitive.Root>
      ))}
      <ToastPrimitive.Viewport className="fixed end-0 bottom-0 z-[60] flex w-[min(26rem,100vw)] flex-col gap-2 p-4" />
    </ToastPrimitive.Provider>
  );
}
