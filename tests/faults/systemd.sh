#!/usr/bin/env bash
# Boots a real systemd on a copy of this machine's files that goes away with it, with one unit to reach. In namespaces of its
# own (see systemd.rs); exits with 77 where that is not allowed.
#
#   systemd.sh DIRECTORY PROGRAM UNIT CONFIG
set -e
mkdir -p "$1/disk"
{
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$1/disk"
  cd "$1/disk"
  mkdir changed work root
  mount -t overlay -o lowerdir=/,upperdir=changed,workdir=work overlay root
  cd root
  mount -t proc proc proc
  mount -t tmpfs tmpfs sys
  mkdir -p sys/fs/cgroup
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd,xattr cgroup sys/fs/cgroup/systemd
  mount -t tmpfs tmpfs run
  mount --rbind /dev dev
} || exit 77
cp "$2" usr/bin/dockpass
cp "$3" etc/systemd/system/dockpass.service
mkdir -p etc/dockpass old
cp "$4" etc/dockpass/config.yaml
# Nothing of this machine is started but what the unit needs.
rm -rf etc/systemd/system/*.wants
head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n' >etc/machine-id
# Not `chroot`, in which a unit could have no user namespace.
pivot_root . old
cd /
umount -l /old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=dockpass.service \
  --log-target=null --show-status=no
