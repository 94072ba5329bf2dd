import { insertionOrder, moduleName, parseModulesDep } from "../../../../scripts/guests/kernel-modules";

const modulesDep = `kernel/net/9p/9pnet.ko.xz:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz
kernel/fs/netfs/netfs.ko.xz:
kernel/drivers/virtio/virtio.ko.xz:
kernel/drivers/virtio/virtio_ring.ko.xz: kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/net/dummy-net.ko.xz:
`;
const dependencies = parseModulesDep(modulesDep);

test.each([
  ["kernel/fs/9p/9p.ko", "9p"],
  ["kernel/fs/9p/9p.ko.xz", "9p"],
  ["kernel/fs/9p/9p.ko.zst", "9p"],
  ["kernel/drivers/net/dummy-net.ko.gz", "dummy_net"],
])("the module of %s is %s", (path, name) => expect(moduleName(path)).toBe(name));

const orderOf = (wanted: string[], builtin: string[] = []) =>
  insertionOrder(wanted, dependencies, builtin).map(moduleName);

test("a module comes after everything it depends on, whatever order the line has", () => {
  expect(orderOf(["9pnet_virtio"])).toEqual(["9pnet", "virtio", "virtio_ring", "9pnet_virtio"]);
});

test("what two modules need is inserted once", () => {
  expect(orderOf(["9pnet_virtio", "9p"])).toEqual([
    "9pnet",
    "virtio",
    "virtio_ring",
    "9pnet_virtio",
    "netfs",
    "9p",
  ]);
});

test("what is built into the kernel needs no file", () => {
  expect(orderOf(["overlay", "netfs"], ["kernel/fs/overlayfs/overlay.ko"])).toEqual(["netfs"]);
});

test("a module that the kernel does not have is an error that names it", () => {
  expect(() => orderOf(["overlay"])).toThrow('kernel module "overlay": not in this kernel\'s package');
});

test("a circle is an error, not a hang", () => {
  const circle = parseModulesDep("a.ko: b.ko\nb.ko: a.ko\n");
  expect(() => insertionOrder(["a"], circle, [])).toThrow('kernel module "a": depends on itself');
});
