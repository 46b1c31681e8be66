/** The name by which the runner knows the error again on its way out of the test's process. */
export const missingTool = "MissingTool";

/** This machine lacks what a test asks for: nobody's failure, and no proof. The test counts as skipped, so the tier is unverified. */
export class MissingTool extends Error {
  override readonly name = missingTool;
}
