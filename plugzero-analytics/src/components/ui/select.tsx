"use client";

import * as SelectPrimitive from "@radix-ui/react-select";
import { Check, ChevronDown } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/class-names";

export interface SelectOption {
  value: string;
  label: ReactNode;
  description?: ReactNode;
  disabled?: boolean;
}

interface SelectProps extends Omit<ComponentProps<typeof SelectPrimitive.Trigger>, "onChange" | "value"> {
  value: string | undefined;
  onValueChange: (value: string) => void;
  options: SelectOption[];
  placeholder?: string;
  size?: "sm" | "md";
}

export function Select({ value, onValueChange, options, placeholder, className, size = "md", disabled, ...trigger }: SelectProps) {
  return (
    <SelectPrimitive.Root value={value} onValueChange={onValueChange} disabled={disabled}>
      <SelectPrimitive.Trigger
        data-slot="select"
        className={cn(
          "inline-flex w-full min-w-0 items-center justify-between gap-2 rounded-md border border-line-strong bg-surface px-3 text-start text-sm text-ink hover:border-ink-3 disabled:opacity-60 data-placeholder:text-ink-3 aria-invalid:border-bad",
          size === "sm" ? "h-7 px-2 text-xs" : "h-9",
          className,
        )}
        {...trigger}
      >
        <span className="truncate">
          <SelectPrimitive.Value placeholder={placeholder} />
        </span>
        <SelectPrimitive.Icon asChild>
          <ChevronDown className="size-4 shrink-0 text-ink-3" aria-hidden />
        </SelectPrimitive.Icon>
      </SelectPrimitive.Trigger>
      <SelectPrimitive.Portal>
        <SelectPrimitive.Content
          data-slot="select-content"
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className="animate-in z-50 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) max-w-[min(28rem,calc(100vw-1rem))] overflow-hidden rounded-lg border border-line bg-raised text-ink shadow-pop"
        >
          <SelectPrimitive.Viewport className="p-1">
            {options.map((option) => (
              <SelectPrimitive.Item
                key={option.value}
                value={option.value}
                disabled={option.disabled}
                className="relative flex cursor-default flex-col rounded-md py-1.5 ps-7 pe-3 text-sm outline-none select-none data-highlighted:bg-hover data-disabled:opacity-50"
              >
                <span className="absolute start-2 top-2">
                  <SelectPrimitive.ItemIndicator>
                    <Check className="size-3.5 text-accent" aria-hidden />
                  </SelectPrimitive.ItemIndicator>
                </span>
                <SelectPrimitive.ItemText>{option.label}</SelectPrimitive.ItemText>
                {option.description ? <span className="text-xs text-ink-3">{option.description}</span> : null}
              </SelectPrimitive.Item>
            ))}
          </SelectPrimitive.Viewport>
        </SelectPrimitive.Content>
      </SelectPrimitive.Portal>
    </SelectPrimitive.Root>
  );
}
