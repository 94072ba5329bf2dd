import type { Report } from "./report";

/** Turns reports into text: pure but for what one report must know of the one before (a heading printed once). */
export interface Renderer {
  /** The report as pieces of text in order, lines complete; nothing is written. */
  render<R>(report: Report<R>): Iterable<string>;
}
