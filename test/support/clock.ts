/**
 * @returns what sets the time of day of this process forward, for the rest of a test. Call it once
 * for a suite.
 */
export function useClock(): (ms: number) => void {
  let restore = (): void => undefined;
  afterEach(() => {
    restore();
  });
  return (ms) => {
    const now = Date.now;
    const spy = jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
    restore = () => {
      spy.mockRestore();
    };
  };
}
