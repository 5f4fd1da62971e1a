// Colours of the panel from the site's accent: what stands on it is computed, not trusted (WCAG 2.2, 1.4.3).

/** Red, green and blue from 0 to 1 of what a browser computed: `rgb(18, 129, 63)` or `color(srgb 0.1 0.5 0.2)`. */
export function parseColor(computed) {
  const numbers = computed.match(/[\d.]+(?:e-?\d+)?/gi)?.slice(0, 3).map(Number);
  if (numbers?.length !== 3) return undefined;
  return /^rgb/.test(computed) ? numbers.map((one) => one / 255) : /srgb /.test(computed) ? numbers : undefined;
}

function luminance(color) {
  const [red, green, blue] = color.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const WHITE = [1, 1, 1];
const INK = [0.07, 0.09, 0.08];

/** What can be read on a colour. */
export const onColor = (color) => (contrast(color, WHITE) >= 4.5 || contrast(color, WHITE) >= contrast(color, INK) ? "#fff" : "#121715");
