#!/bin/bash

export DUMP_VERSION=v1
