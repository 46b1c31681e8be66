#!/bin/bash

# abra app cmd DOMAIN app add_sign_in: visitors sign in with the accounts of OIDC_ISSUER
add_sign_in() {
  local secret
  secret=$(cat /run/secrets/oidc_secret)
  su git -c 'exec gitea admin auth add-oauth --name "$0" --provider openidConnect --key "$1" --secret "$2" --auto-discover-url "$3/.well-known/openid-configuration"' "$SIGN_IN_NAME" "$OIDC_CLIENT" "$secret" "$OIDC_ISSUER"
}
