"use client";

import { useEffect, useRef } from "react";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const SEQUENCE_MS = 900;

/**
 * Runs `action` on a shortcut: "mod+k" (Ctrl or Command), "?" or a sequence such as "g d".
 * Plain keys are left alone while somebody types.
 */
export function useShortcut(shortcut: string, action: () => void): void {
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  useEffect(() => {
    const mod = shortcut.startsWith("mod+");
    const keys = mod ? [shortcut.slice(4)] : shortcut.split(" ");
    let position = 0;
    let at = 0;
    const onKeyDown = (event: KeyboardEvent): void => {
      const modifier = event.ctrlKey || event.metaKey;
      if (mod !== modifier || event.altKey || (!mod && isTyping(event.target))) return;
      if (event.timeStamp - at > SEQUENCE_MS) position = 0;
      at = event.timeStamp;
      if (event.key.toLowerCase() !== keys[position]) {
        position = 0;
        return;
      }
      position += 1;
      if (position === keys.length) {
        position = 0;
        event.preventDefault();
        latest.current();
      }
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [shortcut]);
}
