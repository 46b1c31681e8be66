#!/bin/bash

export ENTRYPOINT_VERSION=v1
export PG_BACKUP_VERSION=v1
