"use client";

import * as Menu from "@radix-ui/react-dropdown-menu";
import { Check } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "@/lib/class-names";

export const MenuRoot = Menu.Root;
export const MenuTrigger = Menu.Trigger;
export const MenuRadioGroup = Menu.RadioGroup;

export function MenuContent({ className, sideOffset = 6, ...props }: ComponentProps<typeof Menu.Content>) {
  return (
    <Menu.Portal>
      <Menu.Content
        data-slot="menu-content"
        sideOffset={sideOffset}
        collisionPadding={8}
        className={cn(
          "animate-in scroll-thin z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 overflow-y-auto rounded-lg border border-line bg-raised p-1 text-ink shadow-pop",
          className,
        )}
        {...props}
      />
    </Menu.Portal>
  );
}

const item =
  "flex w-full cursor-default items-center gap-2 rounded-md px-2 py-1.5 text-sm outline-none select-none data-highlighted:bg-hover data-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3";

export function MenuItem({ className, tone, ...props }: ComponentProps<typeof Menu.Item> & { tone?: "danger" }) {
  return <Menu.Item data-slot="menu-item" className={cn(item, tone === "danger" && "text-bad [&_svg]:text-bad", className)} {...props} />;
}

export function MenuRadioItem({ className, children, ...props }: ComponentProps<typeof Menu.RadioItem>) {
  return (
    <Menu.RadioItem data-slot="menu-radio-item" className={cn(item, "ps-7 relative", className)} {...props}>
      <Menu.ItemIndicator className="absolute start-2">
        <Check aria-hidden />
      </Menu.ItemIndicator>
      {children}
    </Menu.RadioItem>
  );
}

export function MenuCheckboxItem({ className, children, ...props }: ComponentProps<typeof Menu.CheckboxItem>) {
  return (
    <Menu.CheckboxItem data-slot="menu-checkbox-item" className={cn(item, "ps-7 relative", className)} {...props}>
      <Menu.ItemIndicator className="absolute start-2">
        <Check aria-hidden />
      </Menu.ItemIndicator>
      {children}
    </Menu.CheckboxItem>
  );
}

export function MenuLabel({ className, ...props }: ComponentProps<typeof Menu.Label>) {
  return <Menu.Label data-slot="menu-label" className={cn("px-2 pt-2 pb-1 text-xs font-medium text-ink-3", className)} {...props} />;
}

export function MenuSeparator({ className, ...props }: ComponentProps<typeof Menu.Separator>) {
  return <Menu.Separator data-slot="menu-separator" className={cn("my-1 h-px bg-line", className)} {...props} />;
}
