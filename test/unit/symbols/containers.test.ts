import { containerOf, containersIn } from "../../../src/symbols/containers";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "f".repeat(64);

describe("containerOf", () => {
  test.each([
    ["docker, systemd", `/system.slice/docker-${ID}.scope`, { id: ID, runtime: "docker" }],
    ["docker, cgroupfs", `/docker/${ID}`, { id: ID, runtime: "docker" }],
    ["a cgroup inside", `/docker/${ID}/init/deeper`, { id: ID, runtime: "docker" }],
    [
      "containerd",
      `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`,
      { id: ID, runtime: "containerd" },
    ],
    ["nerdctl", `/system.slice/nerdctl-${ID}.scope`, { id: ID, runtime: "containerd" }],
    ["cri-o", `/kubepods.slice/crio-${ID}.scope`, { id: ID, runtime: "cri-o" }],
    ["kubernetes, cgroupfs", `/kubepods/burstable/pod12-ab/${ID}`, { id: ID, runtime: "kubernetes" }],
    ["podman", `/machine.slice/libpod-${ID}.scope/container`, { id: ID, runtime: "podman" }],
    ["lxc 4", "/lxc.payload.web/system.slice", { id: "web", runtime: "lxc" }],
    ["lxc 3", "/lxc/web", { id: "web", runtime: "lxc" }],
    ["a machine", "/machine.slice/machine-my\\x2dbox.scope", { id: "my-box", runtime: "machine" }],
    ["nspawn", "/machine.slice/systemd-nspawn@box.service", { id: "box", runtime: "machine" }],
    ["the innermost of two", `/docker/${OTHER}/docker/${ID}`, { id: ID, runtime: "docker" }],
  ])("%s", (_name, path, container) => expect(containerOf(path)).toEqual(container));

  test.each([
    ["the root", "/"],
    ["a service", "/system.slice/docker.service"],
    ["podman's monitor", `/machine.slice/libpod-conmon-${ID}.scope`],
    ["cri-o's monitor", `/kubepods.slice/crio-conmon-${ID}.scope`],
    ["lxc's monitor", "/lxc.monitor.web"],
    ["an id in an unknown place", `/user.slice/${ID}`],
    ["too short an id", `/docker/${ID.slice(1)}`],
  ])("not %s", (_name, path) => expect(containerOf(path)).toBeUndefined());
});

test("containersIn lists the containers, not what they hold", () => {
  const paths = ["/", "/docker", `/docker/${ID}`, `/docker/${ID}/init`, `/docker/${OTHER}`];
  expect(containersIn(paths)).toEqual([
    { id: ID, runtime: "docker", path: `/docker/${ID}` },
    { id: OTHER, runtime: "docker", path: `/docker/${OTHER}` },
  ]);
});
