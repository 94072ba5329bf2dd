import { removeRunFolder } from "./run-folder";

/** Jest calls it once, after the last test file. */
export default function tearDown(): void {
  removeRunFolder();
}
