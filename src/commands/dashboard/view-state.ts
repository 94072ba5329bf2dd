/** What the keys of the live screen do. Pure. */
import type { Key } from "../context";
import type { Row } from "./report";

export const orders = ["list", "total", "rate", "avg", "ewma", "max", "name"] as const;
type Order = (typeof orders)[number];

/** What the screen shows. */
export interface ViewState {
  readonly paused: boolean;
  readonly order: Order;
  /** The counter that the keys are about. */
  readonly selected: string | undefined;
  readonly help: boolean;
  /** The counter whose processes are shown. */
  readonly drilled: string | undefined;
}

export const beginning: ViewState = {
  paused: false,
  order: "list",
  selected: undefined,
  help: false,
  drilled: undefined,
};

/** What a key asks for that is no matter of the screen. */
export type Action = "quit" | "reset";

/** The state after a key; `names` are the rows in the order in which they stand. */
export function press(
  state: ViewState,
  key: Key,
  names: readonly string[],
): { readonly state: ViewState; readonly action?: Action } {
  if (state.help) return key === "q" ? { state, action: "quit" } : { state: { ...state, help: false } };
  const selected = state.selected ?? names[0];
  switch (key) {
    case "q":
      return { state, action: "quit" };
    case "r":
      return { state, action: "reset" };
    case "p":
    case " ":
      return { state: { ...state, paused: !state.paused } };
    case "s": {
      const next = orders[(orders.indexOf(state.order) + 1) % orders.length] as Order;
      return { state: { ...state, order: next } };
    }
    case "?":
    case "h":
      return { state: { ...state, help: true } };
    case "up":
    case "k":
      return { state: { ...state, selected: moved(names, selected, -1) } };
    case "down":
    case "j":
      return { state: { ...state, selected: moved(names, selected, 1) } };
    case "enter":
      return { state: { ...state, selected, drilled: state.drilled === undefined ? selected : undefined } };
    case "escape":
      return { state: { ...state, drilled: undefined } };
    default:
      return { state };
  }
}

function moved(names: readonly string[], selected: string | undefined, by: number): string | undefined {
  const at = selected === undefined ? 0 : names.indexOf(selected);
  return names[Math.min(names.length - 1, Math.max(0, at + by))];
}

/** The rows in the order of the screen: numbers begin with the largest. */
export function ordered(rows: readonly Row[], order: Order): readonly Row[] {
  if (order === "list") return rows;
  if (order === "name") return [...rows].sort((a, b) => (a.counter < b.counter ? -1 : 1));
  return [...rows].sort((a, b) => b.reading[order] - a.reading[order]);
}
