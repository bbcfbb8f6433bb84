#!/bin/sh
# %post of agentmesh-host; $1 is 1 when it is installed, 2 when it is upgraded. Where no systemd runs, as in a container
# or a new root, systemctl enables units by their files, and nothing is told to anybody. What fails stops nothing else.
status=0
# Without /proc, in a new root, it refuses; then the folders are made at boot.
if [ -d /proc/self ] && command -v systemd-tmpfiles >/dev/null; then
    systemd-tmpfiles --create agentmesh-host.conf || status=1
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || status=1
fi
# Whether they are enabled is the distribution's choice, and then the operator's.
if [ "$1" -eq 1 ] && command -v systemctl >/dev/null; then
    systemctl --no-reload preset agentmesh-server.service agentmeshd.service || status=1
fi
exit $status
