/** How many revocations each app that knows any begins with. */
export const REVOKED_BEFOREHAND = 100_000;
