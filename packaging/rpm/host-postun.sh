#!/bin/sh
# %postun of agentmesh-host; $1 is 0 when it is removed, 1 when it is upgraded.
set -eu
if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
