import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useForm } from "react-hook-form";
import { describe, expect, it, vi } from "vitest";
import { ApiProblem } from "@/lib/api/problem";
import type { ResultTable } from "@/lib/api/analysis";
import { useDraft } from "@/hooks/use-draft";
import { renderInApp } from "@/test/render";
import { ResultTableView } from "./analytics/result-table";
import { ParameterForm } from "./analytics/parameter-form";
import { TaskStateBadge } from "./task/task-row";
import { Combobox } from "./ui/combobox";
import { DataGrid } from "./ui/data-grid";
import { ErrorState } from "./ui/error-state";
import { toast, Toaster } from "./ui/toast";
import { fieldsOfSchema } from "@/lib/parameters/schema";

const SCRIPT = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>';

describe("ErrorState", () => {
  it("says what happened, gives the request id, and tries again", async () => {
    const onRetry = vi.fn();
    renderInApp(<ErrorState error={new ApiProblem({ status: 500, code: "internal_error", title: "Something went wrong on our side", requestId: "req-42" })} onRetry={onRetry} />);
    expect(screen.getByRole("alert")).toHaveTextContent("Something went wrong on our side");
    expect(screen.getByText("req-42")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button"));
    expect(onRetry).toHaveBeenCalledOnce();
  });
  it("offers no retry before the server's Retry-After has passed", () => {
    vi.useFakeTimers();
    renderInApp(<ErrorState error={new ApiProblem({ status: 429, code: "rate_limited", title: "Too many requests", retryAfter: 2 })} onRetry={() => undefined} />);
    expect(screen.getByRole("button")).toBeDisabled();
    for (let second = 0; second < 2; second += 1) act(() => void vi.advanceTimersByTime(1000));
    expect(screen.getByRole("button")).toBeEnabled();
    vi.useRealTimers();
  });
  it("keeps bugs' messages to itself", () => {
    renderInApp(<ErrorState error={new Error("x is undefined at line 3")} />);
    expect(screen.getByRole("alert")).not.toHaveTextContent("undefined");
  });
});

describe("ResultTableView", () => {
  const table: ResultTable = {
    id: "t", title: SCRIPT, notes: [SCRIPT],
    columns: [
      { key: "answer", label: SCRIPT, type: "text", unit: "", group: "", drill: null },
      { key: "share", label: "Share", type: "percent", unit: "", group: "", drill: { column: "x", op: "eq", value: 1 } },
      { key: "p", label: "p", type: "p_value", unit: "", group: "", drill: null },
    ],
    rows: [{ answer: SCRIPT, share: 0.456, p: 0.00001 }, { answer: "راضٍ", share: null, p: null }],
    row_drills: [null, null],
  };
  it("shows scripts as text and runs none", () => {
    const { container } = renderInApp(<ResultTableView table={table} />);
    expect(container.querySelector("img, script")).toBeNull();
    expect(screen.getAllByText(SCRIPT).length).toBeGreaterThan(2);
    expect("hacked" in window).toBe(false);
  });
  it("formats figures, leaves gaps as dashes, and opens the rows behind a cell", async () => {
    const onDrill = vi.fn();
    renderInApp(<ResultTableView table={table} onDrill={onDrill} />);
    expect(screen.getByText("< 0.001")).toBeInTheDocument();
    expect(screen.getAllByText("–")).toHaveLength(2);
    await userEvent.click(screen.getByRole("button", { name: "45.6%" }));
    expect(onDrill).toHaveBeenCalledWith({ table: "t", row: 0, column: "share" });
  });
});

describe("ParameterForm", () => {
  it("makes a working form of a schema it has never seen", async () => {
    const onChange = vi.fn();
    const fields = fieldsOfSchema({
      required: ["target"],
      properties: {
        target: { type: "string", title: "Target", "x-role": "column" },
        method: { enum: ["a_one", "b_two"], title: "Method", default: "a_one" },
        level: { type: "number", title: "Level", default: 0.95, maximum: 1 },
        robust: { type: "boolean", title: "Robust", default: false },
      },
    });
    renderInApp(
      <ParameterForm fields={fields} values={{ method: "a_one", level: 2, robust: false }} onChange={onChange} columns={[]} faults={{ target: { code: "required" }, level: { code: "maximum", limit: 1 } }} serverFaults={{}} activeSlot={null} onActivateSlot={() => undefined} />,
    );
    expect(screen.getByText("This is needed")).toBeInTheDocument();
    expect(screen.getByText("Must be at most 1")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("switch", { name: "Robust" }));
    expect(onChange).toHaveBeenCalledWith("robust", true);
    fireEvent.change(screen.getByRole("spinbutton"), { target: { value: "0.9" } });
    expect(onChange).toHaveBeenCalledWith("level", 0.9);
  });
});

describe("useDraft", () => {
  function Form({ submitted }: { submitted?: boolean }) {
    const form = useForm({ defaultValues: { name: "" } });
    const draft = useDraft("test", form);
    return (
      <>
        <input aria-label="name" {...form.register("name")} />
        {submitted ? <button onClick={draft.clear}>clear</button> : null}
      </>
    );
  }
  it("gives back what was typed when the page comes up again, until it is sent", async () => {
    const first = renderInApp(<Form />);
    await userEvent.type(screen.getByLabelText("name"), "half a sentence");
    first.unmount();
    const second = renderInApp(<Form submitted />);
    await waitFor(() => expect(screen.getByLabelText("name")).toHaveValue("half a sentence"));
    await userEvent.click(screen.getByText("clear"));
    second.unmount();
    renderInApp(<Form />);
    expect(screen.getByLabelText("name")).toHaveValue("");
  });
});

describe("primitives", () => {
  it("takes an action back from its toast", async () => {
    const undo = vi.fn();
    renderInApp(<Toaster />);
    act(() => toast("Removed", { undo }));
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    expect(undo).toHaveBeenCalledOnce();
    expect(screen.queryByText("Removed")).not.toBeInTheDocument();
  });
  it("walks a grid by keyboard and asks for the rows in view only", async () => {
    const onVisibleRows = vi.fn();
    const onActivate = vi.fn();
    renderInApp(<DataGrid label="rows" columns={[{ key: "a", header: "A", width: 100 }, { key: "b", header: "B", width: 100 }]} rowCount={1_000_000} cell={(row, column) => `${row}:${column}`} onVisibleRows={onVisibleRows} onActivate={onActivate} />);
    const grid = screen.getByRole("grid", { name: "rows" });
    expect(grid).toHaveAttribute("aria-rowcount", "1000001");
    const [first, end] = onVisibleRows.mock.calls[0] as [number, number];
    expect(end - first).toBeLessThan(60);
    grid.focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowRight}{Enter}");
    expect(onActivate).toHaveBeenCalledWith(2, 1);
  });
  it("names every task state, a failed one included", () => {
    renderInApp(<TaskStateBadge state="FAILURE" />, "ar");
    expect(screen.getByText("فشلت")).toBeInTheDocument();
  });
  it("searches 20,000 choices without drawing them all", async () => {
    renderInApp(<Combobox value={null} onValueChange={() => undefined} options={Array.from({ length: 20_000 }, (_, index) => ({ value: `v${index}`, label: `Column ${index}` }))} placeholder="Pick" searchLabel="Search" emptyText="None" aria-label="Pick" />);
    await userEvent.click(screen.getByRole("combobox", { name: "Pick" }));
    await userEvent.type(screen.getByRole("combobox", { name: "Search" }), "nothing like it");
    expect(await screen.findByText("None")).toBeInTheDocument();
    expect(screen.queryAllByRole("option").length).toBeLessThan(60);
  });
});
