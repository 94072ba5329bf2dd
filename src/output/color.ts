/** Colour is decided once and handed on; chalk is loaded only when the answer is yes. */

export const colorModes = ["auto", "always", "never"] as const;
export type ColorMode = (typeof colorModes)[number];

/** Whether to colour: `--color` first, then NO_COLOR and TERM=dumb, then whether a terminal reads it. */
export function wantsColor(
  mode: ColorMode,
  isTTY: boolean,
  env: { NO_COLOR?: string; TERM?: string },
): boolean {
  if (mode !== "auto") return mode === "always";
  if (env.NO_COLOR || env.TERM === "dumb") return false;
  return isTTY;
}

/** How the parts of a table are painted. */
export interface Paint {
  heading(text: string): string;
  loss(text: string): string;
  time(text: string): string;
  /** The row that the keys are about. */
  selected(text: string): string;
}

const plain: Paint = {
  heading: (text) => text,
  loss: (text) => text,
  time: (text) => text,
  selected: (text) => text,
};

/** The paint for coloured output, or one that leaves everything as it is. */
export function createPaint(color: boolean): Paint {
  if (!color) return plain;
  const chalk = require("chalk") as typeof import("chalk");
  const { bold, yellow, dim, inverse } = new chalk.Instance({ level: 1 });
  return {
    heading: (text) => bold(text),
    loss: (text) => yellow(text),
    time: (text) => dim(text),
    selected: (text) => inverse(text),
  };
}
