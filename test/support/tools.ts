/**
 * Tests that need a tool of the system. Where it is not installed they are skipped, and the summary
 * counts that; on CI machines (`CI=true`) that is a failure.
 */
export function testWith(tool: string, isInstalled: boolean, describeTests: () => void): void {
  if (isInstalled) {
    describeTests();
  } else if (process.env['CI'] === 'true') {
    it(`needs ${tool}`, () => {
      throw new Error(`${tool} is not installed.`);
    });
  } else {
    it.skip(`needs ${tool}, which is not installed`, () => undefined);
  }
}
