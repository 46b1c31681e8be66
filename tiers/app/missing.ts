/**
 * The name of errors that say what this machine lacks: nobody's failure, and no proof. A test that ends with one counts as skipped,
 * so the tier is unverified.
 */
export const missingTool = "MissingTool";
