#!/bin/bash

export PAGE_VERSION=v3
