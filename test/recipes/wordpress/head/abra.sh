#!/bin/bash

export PHP_INI_VERSION=v2
export DB_BACKUP_VERSION=v1

# abra app cmd DOMAIN app php_limits
php_limits() {
  php -r 'echo ini_get("upload_max_filesize"), " ", ini_get("memory_limit"), "\n";'
}
