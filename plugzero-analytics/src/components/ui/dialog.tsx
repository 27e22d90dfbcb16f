"use client";

import * as DialogPrimitive from "@radix-ui/react-dialog";
import { cva, type VariantProps } from "class-variance-authority";
import { X } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/class-names";

export const Dialog = DialogPrimitive.Root;
export const DialogTrigger = DialogPrimitive.Trigger;
export const DialogClose = DialogPrimitive.Close;

const panel = cva("fixed z-50 flex flex-col bg-raised text-ink shadow-pop focus:outline-none", {
  variants: {
    kind: {
      dialog:
        "animate-in left-1/2 top-[8dvh] max-h-[84dvh] w-[min(34rem,calc(100vw-1.5rem))] -translate-x-1/2 rounded-xl border border-line",
      wide: "animate-in left-1/2 top-[5dvh] max-h-[90dvh] w-[min(64rem,calc(100vw-1.5rem))] -translate-x-1/2 rounded-xl border border-line",
      sheet: "animate-sheet inset-y-0 end-0 w-[min(34rem,100vw)] border-s border-line",
      "sheet-wide": "animate-sheet inset-y-0 end-0 w-[min(62rem,100vw)] border-s border-line",
      "sheet-start": "animate-sheet inset-y-0 start-0 w-[min(17rem,85vw)] border-e border-line",
    },
  },
  defaultVariants: { kind: "dialog" },
});

interface DialogContentProps extends Omit<ComponentProps<typeof DialogPrimitive.Content>, "title">, VariantProps<typeof panel> {
  title: ReactNode;
  description?: ReactNode;
  closeLabel: string;
  footer?: ReactNode;
  hideHeader?: boolean;
}

export function DialogContent({
  className, kind, title, description, closeLabel, footer, hideHeader, children, ...props
}: DialogContentProps) {
  return (
    <DialogPrimitive.Portal>
      <DialogPrimitive.Overlay data-slot="dialog-overlay" className="fixed inset-0 z-40 bg-black/35 backdrop-blur-[1px]" />
      <DialogPrimitive.Content
        data-slot="dialog-content"
        className={cn(panel({ kind }), className)}
        {...(description ? {} : { "aria-describedby": undefined })}
        {...props}
      >
        <div className={hideHeader ? "sr-only" : "flex items-start justify-between gap-4 border-b border-line px-5 py-4"}>
          <div className="min-w-0">
            <DialogPrimitive.Title className="text-lg leading-snug font-medium break-words">{title}</DialogPrimitive.Title>
            {description ? (
              <DialogPrimitive.Description className="mt-1 text-sm text-ink-3">{description}</DialogPrimitive.Description>
            ) : null}
          </div>
          {hideHeader ? null : (
            <DialogPrimitive.Close
              aria-label={closeLabel}
              className="-me-1 inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
            >
              <X className="size-4" aria-hidden />
            </DialogPrimitive.Close>
          )}
        </div>
        <div className={cn("scroll-thin min-h-0 flex-1 overflow-y-auto", hideHeader ? "" : "px-5 py-4")}>{children}</div>
        {footer ? <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{footer}</div> : null}
      </DialogPrimitive.Content>
    </DialogPrimitive.Portal>
  );
}
