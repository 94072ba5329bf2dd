# Second part of a guest's start, run as process 1 in the final root: mounts what a machine has, runs the command that
# the host left in the exchange folder, leaves its exit status there, switches the machine off.
b=/run/guest/busybox
exchange=/run/guest/exchange
. /run/guest/settings

$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts -o ptmxmode=666,gid=5 devpts /dev/pts
$b mount -t tmpfs -o mode=1777 tmpfs /dev/shm
for link in fd: stdin:/0 stdout:/1 stderr:/2; do
  [ -e "/dev/${link%%:*}" ] || $b ln -s "/proc/self/fd${link#*:}" "/dev/${link%%:*}"
done
$b mount -t tracefs tracefs /sys/kernel/tracing
$b mount -t debugfs debugfs /sys/kernel/debug
$b mount -t securityfs securityfs /sys/kernel/security
$b mount -t bpf bpffs /sys/fs/bpf
$b mount -t cgroup2 cgroup2 /sys/fs/cgroup
$b ip link set lo up
$b hostname "$NAME"
# Some virtual machines have no clock; files of the host must not lie in the future.
[ "$($b date +%s)" -ge "$NOW" ] || $b date -s "@$NOW" >/dev/null

$b uname -r >$exchange/release
$b touch $exchange/started
if [ -n "$TERMINAL" ]; then
  # A session of its own with the serial line as terminal, so that job control and Ctrl-C work in the shell.
  $b stty -F "/dev/$CONSOLE" $TERMINAL
  $b setsid $b cttyhack /bin/sh $exchange/command
else
  $b setsid /bin/sh $exchange/command </dev/null >$exchange/stdout 2>$exchange/stderr
fi
status=$?
echo $status >$exchange/status.part
$b mv $exchange/status.part $exchange/status
# The host ends the machine as soon as it sees the status; this is for when there is no host any more.
$b sleep 5
$b poweroff -f
