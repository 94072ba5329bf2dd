import type { Machine } from "../../../src/commands/machine";
import { parseUsers } from "../../../src/symbols/users";

/** The id of the one container on the fake machine. */
export const CONTAINER = "ab12".repeat(16);

const PATHS: readonly string[] = [
  "/",
  "/system.slice",
  "/system.slice/nginx.service",
  `/docker/${CONTAINER}`,
  `/docker/${CONTAINER}/init`,
  "/lxc/web",
  "/lxc/web2",
];

/** A machine with processes 1 and 100 (threads 100, 101), users root and ada, three containers and CPUs 0 to 3. */
export const fakeMachine: Machine = {
  processOf: (id) =>
    new Map([
      [1, 1],
      [100, 100],
      [101, 100],
    ] as const).get(id as 1),
  users: () => parseUsers("root:x:0:0\nada:x:1815:0\n"),
  cgroupMount: () => "/cg",
  cgroup: (path) => {
    const at = PATHS.indexOf(`/${path.replace(/^\/(cg\/)?/, "")}`);
    return at < 0
      ? undefined
      : { id: BigInt(at + 1), path: PATHS[at]!, directory: `/cg${PATHS[at]}`, level: undefined };
  },
  cgroupPaths: () => PATHS,
  cgroupsById: () => new Map(PATHS.map((path, at) => [BigInt(at + 1), path])),
  commOf: (id) =>
    new Map([
      [1, "init"],
      [100, "nginx"],
      [101, "nginx-worker"],
    ] as const).get(id as 1),
  namespaceOf: (pid) => (pid === 100 ? 4026532100 : undefined),
  ownMaps: () => "00400000-00500000 r-xp 00000000 08:01 1 /usr/bin/node\n",
  possibleCpus: () => [0, 1, 2, 3],
};
