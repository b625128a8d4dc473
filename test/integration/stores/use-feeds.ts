import { openFeed, type OpenFeed } from './open-feed';

/** @returns an `openFeed` whose feeds are closed after each test. Call it before other `afterEach`. */
export function useFeeds(): typeof openFeed {
  const opened: OpenFeed[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });
  return async (...args) => {
    const open = await openFeed(...args);
    opened.push(open);
    return open;
  };
}
