/** How many revocations each side that knows any begins with. */
export const REVOKED_BEFOREHAND = 100_000;
