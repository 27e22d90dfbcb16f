/** Browsers stop laying out somewhere above 17 million pixels; taller lists are scrolled in proportion. */
export const MAX_SCROLL_HEIGHT = 15_000_000;

export interface RowWindow {
  /** Height of the scrolled content in pixels. */
  height: number;
  /** First and last (exclusive) row to draw. */
  first: number;
  end: number;
  /** Distance of the first drawn row from the top of the content in pixels. */
  top: number;
}

/** Which of `count` rows of equal height are to be drawn for a scroll position. */
export function rowWindow(count: number, rowHeight: number, viewport: number, scrollTop: number, overscan = 6): RowWindow {
  const full = count * rowHeight;
  const height = Math.min(full, MAX_SCROLL_HEIGHT);
  const scrollable = Math.max(0, height - viewport);
  const at = Math.min(Math.max(0, scrollTop), scrollable);
  const offset = full > height && scrollable > 0 ? (at / scrollable) * (full - viewport) : at;
  const exact = offset / rowHeight;
  const first = Math.max(0, Math.floor(exact) - overscan);
  const end = Math.min(count, Math.ceil((offset + viewport) / rowHeight) + overscan);
  return { height, first, end, top: at - (offset - first * rowHeight) };
}

/** The scroll position that brings a row to the top of the viewport. */
export function scrollTopOf(row: number, count: number, rowHeight: number, viewport: number): number {
  const full = count * rowHeight;
  const height = Math.min(full, MAX_SCROLL_HEIGHT);
  if (full <= height) return Math.min(row * rowHeight, Math.max(0, height - viewport));
  return ((row * rowHeight) / (full - viewport)) * (height - viewport);
}
