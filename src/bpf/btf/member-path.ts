import { UsageError } from "../../core/errors";

/** One step into a type: a member's name or an array index. */
export type PathStep = string | number;

const STEP = /(?:(?:^|(?<!^)\.)([A-Za-z_$][\w$]*)|\[(\d{1,10})\])/y;

/** The steps of a path such as `numbers[0].nr`. Throws UsageError when it is not written like that. */
export function parseMemberPath(path: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  STEP.lastIndex = 0;
  for (let at = 0; at < path.length; at = STEP.lastIndex) {
    const match = STEP.exec(path);
    if (match === null)
      throw new UsageError(`member path "${path}": cannot read "${path.slice(at)}"`, {
        hint: "write members separated by dots, with array indices in brackets: numbers[0].nr",
      });
    steps.push(match[1] ?? Number(match[2]));
  }
  if (steps.length === 0) throw new UsageError("member path is empty");
  return steps;
}
