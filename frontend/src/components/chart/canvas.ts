import type uPlot from 'uplot';
import type { Paint } from '../../lib/paint';
import type { Stack } from '../../lib/usage';

/** What a bar chart is drawn with, in the present theme. */
export interface Inks {
  surface: string;
  text: string;
  ink: string;
  line: string;
  edge: string;
  hover: string;
}

const TILE = 7;

/** A fill for a layer: its colour, and on it the ground's colour as stripes, dots or lines. */
export function fillOf(
  ctx: CanvasRenderingContext2D,
  paint: Paint,
  inks: Inks,
  ratio: number,
): string | CanvasPattern {
  if (paint.pattern === 'solid') return paint.colour;
  const size = TILE * ratio;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(size);
  const on = tile.getContext('2d');
  if (!on) return paint.colour;
  const hatch = paint.pattern === 'hatch';
  on.fillStyle = hatch ? inks.surface : paint.colour;
  on.fillRect(0, 0, size, size);
  on.strokeStyle = on.fillStyle = hatch ? inks.edge : inks.surface;
  on.globalAlpha = hatch ? 1 : 0.24;
  on.lineWidth = ratio * (hatch ? 1.4 : 1.5);
  on.beginPath();
  if (paint.pattern === 'dots') {
    on.arc(size / 2, size / 2, ratio * 1.2, 0, Math.PI * 2);
    on.fill();
  } else if (paint.pattern === 'lines') {
    on.moveTo(0, size / 2);
    on.lineTo(size, size / 2);
    on.stroke();
  } else {
    // Three strokes, so that the corners of neighbouring tiles meet.
    for (const shift of [-size, 0, size]) {
      on.moveTo(shift - ratio, size + ratio);
      on.lineTo(shift + size + ratio, -ratio);
    }
    on.stroke();
  }
  return ctx.createPattern(tile, 'repeat') ?? paint.colour;
}

/** One bar: where its segments lie, from the bottom, in canvas pixels. */
export interface Segment {
  layer: number;
  top: number;
  bottom: number;
}

/** Stacks values upwards; what is too small to be seen gives no segment, but the bar is never nothing. */
export function segmentsOf(
  values: readonly number[],
  y: (value: number) => number,
  least: number,
): Segment[] {
  const found: Segment[] = [];
  let sum = 0;
  values.forEach((value, layer) => {
    if (!(value > 0)) return;
    const bottom = y(sum);
    sum += value;
    found.push({ layer, top: y(sum), bottom });
  });
  const first = found[0];
  const base = y(0);
  const last = found[found.length - 1];
  if (first && last && base - last.top < least)
    return [{ layer: last.layer, top: base - least, bottom: base }];
  return found;
}

/** Where is drawn: the plot, the pixels of its canvas in one of CSS, and how many bars it has. */
export interface Drawing {
  u: uPlot;
  ratio: number;
  count: number;
  inks: Inks;
}

/** How opaque a layer is while another one stands out. */
const FAINT = 0.22;
const UNPRICED_PX = 6;

function slotOf({ u, ratio, count }: Drawing): { step: number; bar: number } {
  const step = u.bbox.width / Math.max(1, count);
  return { step, bar: Math.max(1, Math.min(step * 0.66, 40 * ratio)) };
}

/** The ground behind the bar that is pointed at. */
export function drawColumn(on: Drawing, index: number): void {
  const { ctx, bbox } = on.u;
  const { step } = slotOf(on);
  ctx.fillStyle = on.inks.hover;
  ctx.fillRect(bbox.left + index * step, bbox.top, step, bbox.height);
}

/** All bars; on top of those with tokens without a price a mark, since their height is not known. */
export function drawStack(
  on: Drawing,
  stack: Stack,
  paints: readonly Paint[],
  lit: number | null,
  reference: number | null,
): void {
  const { u, ratio, inks } = on;
  const { ctx, bbox } = u;
  const { step, bar } = slotOf(on);
  const wide = Math.round(bar);
  const fills = paints.map((paint) => fillOf(ctx, paint, inks, ratio));
  const hatch = fillOf(ctx, { colour: inks.edge, pattern: 'hatch', agent: null }, inks, ratio);
  const y = (value: number) => u.valToPos(value, 'y', true);
  const gap = bar > 4 * ratio ? ratio : 0;
  ctx.save();
  for (let i = 0; i < on.count; i += 1) {
    const left = Math.round(bbox.left + i * step + (step - bar) / 2);
    const values = stack.layers.map((layer) => layer.values[i] ?? 0);
    const segments = segmentsOf(values, y, 2 * ratio);
    for (const { layer, top, bottom } of segments) {
      ctx.globalAlpha = lit === null || lit === layer ? 1 : FAINT;
      ctx.fillStyle = fills[layer] ?? inks.edge;
      const line = bottom - top > 2.5 * ratio ? gap : 0;
      ctx.fillRect(left, top + line, wide, bottom - top - line);
    }
    if (stack.unit === 'cost' && (stack.unpricedTotals[i] ?? 0) > 0) {
      const tall = UNPRICED_PX * ratio;
      const top = Math.min(y(0), ...segments.map((segment) => segment.top)) - tall - ratio;
      ctx.globalAlpha = lit === null || lit >= stack.layers.length ? 1 : FAINT;
      ctx.fillStyle = hatch;
      ctx.fillRect(left, top, wide, tall);
      ctx.strokeStyle = inks.edge;
      ctx.lineWidth = ratio;
      if (gap > 0) ctx.strokeRect(left + ratio / 2, top + ratio / 2, wide - ratio, tall - ratio);
    }
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = inks.edge;
  ctx.fillRect(bbox.left, Math.round(y(0)), bbox.width, ratio);
  if (reference !== null && reference > 0) {
    ctx.strokeStyle = inks.ink;
    ctx.lineWidth = 1.25 * ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, Math.round(y(reference)));
    ctx.lineTo(bbox.left + bbox.width, Math.round(y(reference)));
    ctx.stroke();
  }
  ctx.restore();
}
