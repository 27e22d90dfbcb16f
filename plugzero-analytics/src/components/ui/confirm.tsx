"use client";

import * as Alert from "@radix-ui/react-alert-dialog";
import type { ReactNode } from "react";
import { useI18n } from "@/context/i18n";
import { Button } from "./button";

interface ConfirmProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description: ReactNode;
  confirmLabel: string;
  onConfirm: () => void;
  pending?: boolean;
  danger?: boolean;
}

/** Asks before something that cannot be taken back; whatever can be undone gets an undo toast instead. */
export function Confirm({ open, onOpenChange, title, description, confirmLabel, onConfirm, pending, danger }: ConfirmProps) {
  const { t } = useI18n();
  return (
    <Alert.Root open={open} onOpenChange={onOpenChange}>
      <Alert.Portal>
        <Alert.Overlay className="fixed inset-0 z-40 bg-black/35" />
        <Alert.Content
          data-slot="confirm"
          className="animate-in fixed top-[20dvh] left-1/2 z-50 w-[min(28rem,calc(100vw-1.5rem))] -translate-x-1/2 rounded-xl border border-line bg-raised p-5 text-ink shadow-pop"
        >
          <Alert.Title className="text-lg font-medium break-words">{title}</Alert.Title>
          <Alert.Description className="mt-2 text-sm break-words text-ink-2">{description}</Alert.Description>
          <div className="mt-5 flex justify-end gap-2">
            <Alert.Cancel asChild>
              <Button>{t("common.cancel")}</Button>
            </Alert.Cancel>
            <Button variant={danger ? "danger" : "primary"} pending={pending} onClick={onConfirm}>
              {confirmLabel}
            </Button>
          </div>
        </Alert.Content>
      </Alert.Portal>
    </Alert.Root>
  );
}
