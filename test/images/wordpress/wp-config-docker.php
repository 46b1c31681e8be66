<?php
/** WordPress settings from the environment: WORDPRESS_X, or the content of the file that WORDPRESS_X_FILE names. */
function setting_from_environment(string $name, string $default): string
{
    $file = getenv("{$name}_FILE");
    if ($file !== false && $file !== '') {
        return rtrim((string) file_get_contents($file), "\r\n");
    }
    $value = getenv($name);
    return $value === false ? $default : $value;
}

define('DB_NAME', setting_from_environment('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', setting_from_environment('WORDPRESS_DB_USER', 'example username'));
define('DB_PASSWORD', setting_from_environment('WORDPRESS_DB_PASSWORD', 'example password'));
define('DB_HOST', setting_from_environment('WORDPRESS_DB_HOST', 'mysql'));
define('DB_CHARSET', setting_from_environment('WORDPRESS_DB_CHARSET', 'utf8mb4'));
define('DB_COLLATE', setting_from_environment('WORDPRESS_DB_COLLATE', ''));

define('AUTH_KEY', setting_from_environment('WORDPRESS_AUTH_KEY', 'put your unique phrase here'));
define('SECURE_AUTH_KEY', setting_from_environment('WORDPRESS_SECURE_AUTH_KEY', 'put your unique phrase here'));
define('LOGGED_IN_KEY', setting_from_environment('WORDPRESS_LOGGED_IN_KEY', 'put your unique phrase here'));
define('NONCE_KEY', setting_from_environment('WORDPRESS_NONCE_KEY', 'put your unique phrase here'));
define('AUTH_SALT', setting_from_environment('WORDPRESS_AUTH_SALT', 'put your unique phrase here'));
define('SECURE_AUTH_SALT', setting_from_environment('WORDPRESS_SECURE_AUTH_SALT', 'put your unique phrase here'));
define('LOGGED_IN_SALT', setting_from_environment('WORDPRESS_LOGGED_IN_SALT', 'put your unique phrase here'));
define('NONCE_SALT', setting_from_environment('WORDPRESS_NONCE_SALT', 'put your unique phrase here'));

$table_prefix = setting_from_environment('WORDPRESS_TABLE_PREFIX', 'wp_');

define('WP_DEBUG', (bool) setting_from_environment('WORDPRESS_DEBUG', ''));

// TLS ends at the proxy; without this WordPress redirects for ever.
if (strpos($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '', 'https') !== false) {
    $_SERVER['HTTPS'] = 'on';
}

if ($extra = setting_from_environment('WORDPRESS_CONFIG_EXTRA', '')) {
    eval($extra);
}

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}

require_once ABSPATH . 'wp-settings.php';
