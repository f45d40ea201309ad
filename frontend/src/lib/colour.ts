/** Colours that are reckoned: steps of one hue that stay apart, and that stand out from what is behind. */

/** A colour in OKLab, in which equal distances look about equal. */
export interface Lab {
  l: number;
  a: number;
  b: number;
}

const lin = (c: number) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const gamma = (c: number) => (c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055);

/** Reads #rgb or #rrggbb; anything else is a middle grey, so that a chart never fails for a colour. */
export function rgbOf(hex: string): [number, number, number] {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(hex.trim());
  const full = short ? `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}` : hex.trim();
  const found = /^#([0-9a-f]{6})/i.exec(full)?.[1];
  const value = found === undefined ? 0x8f939a : parseInt(found, 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** From sRGB to OKLab (Björn Ottosson's matrices). */
export function labOf(hex: string): Lab {
  const [r, g, b] = rgbOf(hex).map(lin) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  };
}

/** Back to #rrggbb; what lies outside of sRGB is cut. */
export function hexOf({ l, a, b }: Lab): string {
  const x = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const y = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const z = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
    -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
    -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
  ];
  const part = (c: number) =>
    Math.round(Math.min(1, Math.max(0, gamma(Math.max(0, c)))) * 255)
      .toString(16)
      .padStart(2, '0');
  return `#${rgb.map(part).join('')}`;
}

function luminance(hex: string): number {
  const [r, g, b] = rgbOf(hex).map(lin) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The contrast of two colours as WCAG 2 reckons it, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** What meaning in a picture has to reach against its ground. */
const LEAST = 3;
/** How far the steps lie from the mark in lightness, in the order in which they are tried. */
const OFFSETS = [-0.15, 0.15, -0.28, 0.28, -0.1, 0.1];
/** Beyond these a colour holds too little of its hue. */
const [DARKEST, LIGHTEST] = [0.32, 0.92];

/**
 * `count` colours of the hue of `mark`, the mark itself first: all reach 3:1 on `surface`. After three the
 * lightnesses would be too close: the colours come again, and a pattern tells them apart.
 */
export function steps(mark: string, surface: string, count: number): string[] {
  const base = labOf(mark);
  const at = (l: number): string => {
    // Very light and very dark colours hold less of a hue.
    const keep = Math.min(1, (1 - Math.abs(l - 0.6) * 0.9) / (1 - Math.abs(base.l - 0.6) * 0.9));
    return hexOf({ l, a: base.a * keep, b: base.b * keep });
  };
  const others = OFFSETS.map((offset) => base.l + offset)
    .filter((l) => l >= DARKEST && l <= LIGHTEST)
    .map(at)
    .filter((colour) => contrast(colour, surface) >= LEAST);
  const colours = [mark, ...others.slice(0, 2)];
  return Array.from({ length: count }, (_, i) => colours[i % colours.length] ?? mark);
}
