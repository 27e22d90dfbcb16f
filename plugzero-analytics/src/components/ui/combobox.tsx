"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { Check, ChevronsUpDown, Search } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { cn } from "@/lib/class-names";
import { Popover, PopoverContent, PopoverTrigger } from "./popover";

export interface ComboboxOption {
  value: string;
  label: string;
  hint?: ReactNode;
  keywords?: string;
  disabled?: boolean;
}

interface ComboboxProps {
  id?: string;
  value: string | null;
  onValueChange: (value: string | null) => void;
  options: readonly ComboboxOption[];
  placeholder: string;
  searchLabel: string;
  emptyText: string;
  /** Offers an entry that clears the choice. */
  clearLabel?: string;
  disabled?: boolean;
  className?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

const ROW = 34;

/** A searchable choice that stays quick with tens of thousands of options. */
export function Combobox({
  value, onValueChange, options, placeholder, searchLabel, emptyText, clearLabel, disabled, className, ...aria
}: ComboboxProps) {
  const [open, setOpen] = useState(false);
  const listId = useId();
  const selected = options.find((option) => option.value === value);
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <button
          type="button"
          role="combobox"
          aria-expanded={open}
          aria-haspopup="listbox"
          aria-controls={listId}
          data-slot="combobox"
          disabled={disabled}
          className={cn(
            "inline-flex h-9 w-full min-w-0 items-center justify-between gap-2 rounded-md border border-line-strong bg-surface px-3 text-start text-sm hover:border-ink-3 disabled:opacity-60 aria-invalid:border-bad",
            className,
          )}
          {...aria}
        >
          <span dir="auto" className={cn("truncate", !selected && "text-ink-3")}>{selected?.label ?? value ?? placeholder}</span>
          <ChevronsUpDown className="size-4 shrink-0 text-ink-3" aria-hidden />
        </button>
      </PopoverTrigger>
      <PopoverContent className="w-[max(16rem,var(--radix-popover-trigger-width))] p-0">
        <OptionList
          id={listId}
          options={clearLabel ? [{ value: "", label: clearLabel }, ...options] : options}
          value={value ?? ""}
          searchLabel={searchLabel}
          emptyText={emptyText}
          onChoose={(next) => {
            onValueChange(next === "" ? null : next);
            setOpen(false);
          }}
        />
      </PopoverContent>
    </Popover>
  );
}

interface OptionListProps {
  id: string;
  options: readonly ComboboxOption[];
  value: string;
  searchLabel: string;
  emptyText: string;
  onChoose: (value: string) => void;
}

function OptionList({ id, options, value, searchLabel, emptyText, onChoose }: OptionListProps) {
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const needle = useDeferredValue(search.trim().toLocaleLowerCase());
  const found = useMemo(
    () => (needle ? options.filter((o) => `${o.label}\n${o.value}\n${o.keywords ?? ""}`.toLocaleLowerCase().includes(needle)) : options),
    [options, needle],
  );
  const scroller = useRef<HTMLDivElement>(null);
  // The virtualiser returns functions that must not be memoised; they are called in render only.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({ count: found.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 8, initialRect: { width: 280, height: 280 } });
  const at = Math.min(active, Math.max(0, found.length - 1));

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) {
      event.preventDefault();
      const next = Math.min(found.length - 1, Math.max(0, at + step));
      setActive(next);
      rows.scrollToIndex(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = found[at];
      if (option && !option.disabled) onChoose(option.value);
    }
  };

  return (
    <div>
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search className="size-4 text-ink-3" aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
          aria-label={searchLabel}
          placeholder={searchLabel}
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          className="h-9 w-full bg-transparent text-sm outline-none"
        />
      </div>
      {found.length === 0 ? <p className="px-3 py-6 text-center text-sm text-ink-3">{emptyText}</p> : null}
      <div ref={scroller} className="scroll-thin max-h-72 overflow-y-auto p-1">
        <div id={id} role="listbox" aria-label={searchLabel} style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((item) => {
            const option = found[item.index];
            if (!option) return null;
            return (
              <div
                key={option.value}
                id={`${id}-${item.index}`}
                role="option"
                aria-selected={option.value === value}
                aria-disabled={option.disabled || undefined}
                onClick={() => (option.disabled ? undefined : onChoose(option.value))}
                onPointerMove={() => setActive(item.index)}
                className={cn(
                  "absolute inset-x-0 flex cursor-default items-center gap-2 rounded-md px-2 text-sm",
                  item.index === at && "bg-hover",
                  option.disabled && "opacity-50",
                )}
                style={{ height: ROW, top: item.start }}
              >
                <Check className={cn("size-3.5 shrink-0 text-accent", option.value !== value && "invisible")} aria-hidden />
                <span dir="auto" className="min-w-0 flex-1 truncate">{option.label}</span>
                {option.hint ? <span className="shrink-0 text-xs text-ink-3">{option.hint}</span> : null}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
