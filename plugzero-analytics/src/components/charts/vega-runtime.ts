import type { Loader, TooltipHandler, View } from "vega";
import type { TopLevelSpec } from "vega-lite";

export type { View };

/** Loads the drawing libraries; called ahead of need so that the first chart does not wait for them. */
export async function loadVega() {
  const [vega, vegaLite, { expressionInterpreter }] = await Promise.all([
    import("vega"), import("vega-lite"), import("vega-interpreter"),
  ]);
  return { vega, vegaLite, expressionInterpreter };
}

/** A specification brings its rows along: nothing may be fetched or linked to from inside a chart. */
const sealedLoader: Loader = {
  load: () => Promise.reject(new Error("Charts load nothing.")),
  sanitize: () => Promise.reject(new Error("Charts link to nothing.")),
  http: () => Promise.reject(new Error("Charts load nothing.")),
  file: () => Promise.reject(new Error("Charts load nothing.")),
};

interface DrawOptions {
  spec: Record<string, unknown>;
  container: HTMLElement;
  tooltip: TooltipHandler;
  onSelect?: (datum: Readonly<Record<string, unknown>>) => void;
}

/** Draws into the container as SVG. Expressions are interpreted, not compiled, so no page needs `unsafe-eval`. */
export async function draw({ spec, container, tooltip, onSelect }: DrawOptions): Promise<View> {
  const { vega, vegaLite, expressionInterpreter } = await loadVega();
  const silent = vega.logger(vega.None);
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec, { logger: silent });
  const view = new vega.View(vega.parse(compiled.spec, undefined, { ast: true }), {
    renderer: "svg",
    container,
    hover: true,
    logger: silent,
    loader: sealedLoader,
    expr: expressionInterpreter,
    tooltip,
  });
  if (onSelect) {
    view.addEventListener("click", (_event, item) => {
      const datum: unknown = item?.datum;
      if (typeof datum === "object" && datum !== null) onSelect(datum as Readonly<Record<string, unknown>>);
    });
  }
  await view.runAsync();
  // The container is the image with the description; its parts would be read out as nameless images.
  container.querySelector("svg")?.setAttribute("aria-hidden", "true");
  return view;
}
