import type { FieldValues, Path, UseFormReturn } from "react-hook-form";
import { ApiProblem } from "@/lib/api/problem";

/** "/address/street" -> "address.street": a JSON pointer as react-hook-form names a field. */
export function fieldOfPointer(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");
}

/**
 * Puts the API's field errors beside their fields. Returns the error again when some of it belongs to no field
 * of the form, so that it is shown above the buttons instead of being lost.
 */
export function showFieldFaults<T extends FieldValues>(error: unknown, form: UseFormReturn<T>, fields: readonly Path<T>[]): unknown {
  if (!(error instanceof ApiProblem) || error.faults.length === 0) return error;
  let unplaced = false;
  for (const fault of error.faults) {
    const field = fields.find((name) => name === fieldOfPointer(fault.pointer));
    if (field) form.setError(field, { type: "server", message: fault.detail });
    else unplaced = true;
  }
  return unplaced ? error : null;
}
