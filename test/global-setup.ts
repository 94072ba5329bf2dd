import { makeRunFolder } from "./run-folder";

/** Jest calls it once, before the first test file. */
export default function setUp(): void {
  makeRunFolder();
}
