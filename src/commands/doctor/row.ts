/** What doctor says about one thing. */

export const sections = [
  "kernel",
  "rights",
  "mounts",
  "sysctls",
  "btf",
  "maps",
  "programs",
  "hooks",
  "instructions",
  "helpers",
  "others",
  "commands",
] as const;
export type Section = (typeof sections)[number];

/** Of features and mounts; of facts that are neither good nor bad ("info"); of commands. */
export const rowStates = [
  "available",
  "missing",
  "denied",
  "inconclusive",
  "info",
  "works",
  "partly",
  "fails",
] as const;
export type RowState = (typeof rowStates)[number];

export interface DoctorRow {
  readonly section: Section;
  readonly name: string;
  readonly state: RowState;
  /** What it is, in words. */
  readonly title: string;
  /** What was found: a value, or why the state is what it is. */
  readonly detail: string;
  /** The Linux release that brought it. */
  readonly since?: string;
  /** A command that mends it, or several, a line each; in words where no command does. */
  readonly remedy?: string;
}
