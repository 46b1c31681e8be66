import { defineRecipe } from "recipe-ci/settings";

export default defineRecipe({
  needs: ["keycloak"],
  env: { deploy: { OIDC_ISSUER: "https://{{needs.keycloak.domain}}/realms/people" } },
});
