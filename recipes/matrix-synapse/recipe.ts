import { defineRecipe } from "recipe-ci/settings";

export default defineRecipe({
  env: {
    deploy: {
      LIMIT_REMOTE_ROOMS_ENABLED: "true",
      LIMIT_REMOTE_ROOMS_COMPLEXITY: "0.1",
      LIMIT_REMOTE_ROOMS_ADMINS_CAN_JOIN: "true",
      // The second homeserver of extra/ stands beside the app's own, in its container.
      FEDERATION_PRIVATE_SERVERS: '["localhost"]',
      FEDERATION_PRIVATE_RANGES: '["127.0.0.0/8", "::1"]',
    },
  },
});
