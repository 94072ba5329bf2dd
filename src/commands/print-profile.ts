/** Stacks in a form of their own: a flame graph, or a file for another tool. */
import { lossSentence, lostTotal } from "../output/report";
import { type ProfileFormat, type ProfileOutputOptions, renderProfile } from "../output/stacks/formats";
import type { Profile } from "../output/stacks/profile";
import type { Context } from "./context";

/** Prints the profile that `command` has made; what has no place in the format goes to stderr. */
export async function printProfile(
  context: Context,
  command: string,
  profile: Profile,
  format: ProfileFormat,
  options: Omit<ProfileOutputOptions, "info"> = {},
): Promise<void> {
  if (format !== "json") tell(context, profile);
  const kernel = context.facts().release;
  const { startedAt } = profile;
  const info = { tool: "bpfkit", version: context.version, command, kernel, startedAt } as const;
  for (const piece of renderProfile(profile, format, { ...options, info })) await context.print(piece);
}

function tell(context: Context, profile: Profile): void {
  for (const note of profile.notes) context.notice(note);
  const sentence = lossSentence(profile);
  if (lostTotal(profile) > 0 && sentence !== undefined) context.notice(sentence);
}
