#!/bin/sh
# %post and %postun of agentmesh-libs: programs find the library, or forget it.
ldconfig
