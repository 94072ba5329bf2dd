#!/bin/busybox sh
# First program of a guest, run from the initramfs: makes the shared folders into a writable root and moves there.
# /settings is written by scripts/guests/initramfs.ts.
export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /lower /over /newroot
/bin/busybox --install -s /bin
. /settings

fail() {
  echo "guest: $*"
  poweroff -f
}
share() { # TAG FOLDER OPTIONS
  mkdir -p "$2"
  mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2" || fail "mount of share $1"
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
  insmod "/modules/$module" || fail "kernel module $module"
done </modules/order

# What the guest writes stays in its memory: the shares below are read-only.
mount -t tmpfs -o size=75%,mode=755 tmpfs /over
share root /lower/root ro,cache=loose
mkdir -p /over/root /over/root-work
mount -t overlay -o lowerdir=/lower/root,upperdir=/over/root,workdir=/over/root-work overlay /newroot ||
  fail "overlay over the root"
# Old kernels fetch a mapped file over 9p page by page, for the node program up to 9 s. Read in one go, without the page
# cache in between, it takes one. (Linux 6.12 is the other way round: there this would cost 4 s.)
if [ -n "$PRELOAD" ]; then
  share preload /lower/preload ro,cache=none
  cp "/lower/preload/${PRELOAD##*/}" "/newroot$PRELOAD.new" && mv "/newroot$PRELOAD.new" "/newroot$PRELOAD"
  umount /lower/preload
fi
mount -t tmpfs -o mode=755 tmpfs /newroot/run
mkdir -p /newroot/run/guest
share exchange /newroot/run/guest/exchange cache=none
cp /bin/busybox /settings /stage2 /newroot/run/guest/
# Thousands of small files: each would take milliseconds over 9p, every time a program looks for it.
mkdir -p "/newroot$PROJECT"
mount -t tmpfs -o mode=755 tmpfs "/newroot$PROJECT"
# In large pieces: each read is a round trip to the host.
dd if=/newroot/run/guest/exchange/project.tar bs=256k 2>/dev/null | tar -x -C "/newroot$PROJECT" ||
  fail "copy of the project"
rm /newroot/run/guest/exchange/project.tar
umount /proc /sys
exec switch_root /newroot /run/guest/busybox sh /run/guest/stage2
