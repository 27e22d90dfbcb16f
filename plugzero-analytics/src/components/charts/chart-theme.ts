/**
 * Colours of charts in plain hex, because Vega reads no CSS variables. The categorical colours stay apart under
 * protanopia and deuteranopia and have 3:1 contrast to the surface; `chart-theme.test.ts` measures both.
 */
export interface ChartPalette {
  surface: string;
  ink: string;
  muted: string;
  grid: string;
  category: readonly string[];
  sequential: readonly string[];
  diverging: readonly string[];
}

export const LIGHT_PALETTE: ChartPalette = {
  surface: "#ffffff",
  ink: "#1c2430",
  muted: "#565f6c",
  grid: "#e6e3dd",
  category: ["#0b6b7b", "#d4730a", "#4a3aa8", "#2f97e0", "#7a2410", "#8a8f98", "#c4457e", "#6f7d12"],
  sequential: ["#f2f7f7", "#cfe4e6", "#a3cdd2", "#74b3bb"],
  diverging: ["#e0924a", "#f1cfae", "#f6f4f0", "#b5d3d8", "#5ba3ae"],
};

export const DARK_PALETTE: ChartPalette = {
  surface: "#171d25",
  ink: "#eeebe5",
  muted: "#a7afba",
  grid: "#2d3641",
  category: ["#4fb8c6", "#f0a148", "#8a86ff", "#d9f0dc", "#d4506f", "#3673c4", "#c3cd5c", "#98a2b0"],
  sequential: ["#1d2732", "#1f3c47", "#20525e", "#20697a"],
  diverging: ["#8a5019", "#57401f", "#262c35", "#20505c", "#20697a"],
};

const FONT = '"IBM Plex Sans Variable", "IBM Plex Sans Arabic", system-ui, sans-serif';

/** Vega-Lite's config for a palette; it wins over whatever the spec says about looks. */
export function chartConfig(palette: ChartPalette): Record<string, unknown> {
  const [first] = palette.category;
  return {
    background: "transparent",
    font: FONT,
    view: { stroke: "transparent" },
    axis: {
      labelColor: palette.muted, titleColor: palette.muted, titleFontWeight: 500, labelFontSize: 11.5, titleFontSize: 11.5,
      gridColor: palette.grid, domainColor: palette.grid, tickColor: palette.grid, labelLimit: 220, titleLimit: 420,
      labelPadding: 6, titlePadding: 10,
    },
    axisX: { labelLimit: 140, labelOverlap: "greedy" },
    axisBand: { grid: false, ticks: false },
    axisQuantitative: { tickCount: 6 },
    header: { labelColor: palette.muted, titleColor: palette.muted, labelLimit: 220 },
    legend: {
      labelColor: palette.muted, titleColor: palette.muted, labelLimit: 180, titleFontWeight: 500, orient: "top",
      labelFontSize: 11.5, titleFontSize: 11.5, symbolType: "circle", columns: 4,
    },
    bar: { color: first, cornerRadiusEnd: 2 },
    line: { color: first, strokeWidth: 2 },
    area: { color: first },
    point: { color: first, filled: true, size: 55 },
    circle: { color: first },
    rect: { color: first },
    arc: { stroke: palette.surface },
    tick: { color: first },
    boxplot: { color: first },
    rule: { color: palette.ink, strokeWidth: 1.25 },
    text: { color: palette.ink, fontSize: 11.5, limit: 220 },
    errorbar: { color: palette.ink },
    range: {
      category: palette.category, ordinal: palette.sequential, ramp: palette.sequential, heatmap: palette.sequential,
      diverging: palette.diverging,
    },
  };
}
