"use client";

import {
  closestCenter, DndContext, type DragEndEvent, KeyboardSensor, PointerSensor, useSensor, useSensors,
} from "@dnd-kit/core";
import {
  arrayMove, SortableContext, sortableKeyboardCoordinates, useSortable, verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { GripVertical } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/class-names";

interface SortableListProps<T> {
  items: readonly T[];
  idOf: (item: T) => string;
  onReorder: (items: T[]) => void;
  render: (item: T, index: number) => ReactNode;
  handleLabel: (item: T) => string;
  className?: string;
  disabled?: boolean;
}

/** A list that can be put in order by pointer or by keyboard (Space, arrows, Space). */
export function SortableList<T>({ items, idOf, onReorder, render, handleLabel, className, disabled }: SortableListProps<T>) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const ids = items.map(idOf);
  const onDragEnd = ({ active, over }: DragEndEvent): void => {
    if (!over || active.id === over.id) return;
    onReorder(arrayMove([...items], ids.indexOf(String(active.id)), ids.indexOf(String(over.id))));
  };
  return (
    <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={onDragEnd}>
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        <ol data-slot="sortable-list" className={cn("flex flex-col gap-1.5", className)}>
          {items.map((item, index) => (
            <SortableRow key={idOf(item)} id={idOf(item)} label={handleLabel(item)} disabled={disabled}>
              {render(item, index)}
            </SortableRow>
          ))}
        </ol>
      </SortableContext>
    </DndContext>
  );
}

function SortableRow({ id, label, disabled, children }: { id: string; label: string; disabled?: boolean; children: ReactNode }) {
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } = useSortable({ id, disabled });
  return (
    <li
      ref={setNodeRef}
      style={{ transform: CSS.Translate.toString(transform), transition }}
      className={cn("flex items-start gap-1 rounded-md border border-line bg-surface", isDragging && "relative z-10 shadow-pop")}
    >
      <button
        type="button"
        ref={setActivatorNodeRef}
        {...attributes}
        {...listeners}
        aria-label={label}
        disabled={disabled}
        className="mt-1.5 ms-1 inline-flex size-6 shrink-0 cursor-grab touch-none items-center justify-center rounded text-ink-3 hover:bg-hover active:cursor-grabbing"
      >
        <GripVertical className="size-4" aria-hidden />
      </button>
      <div className="min-w-0 flex-1">{children}</div>
    </li>
  );
}
