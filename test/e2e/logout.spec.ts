import { DOCUMENTED, PLATFORMS, TestApp } from '../support/app';
import { TEST_ALGORITHMS, TestIssuer } from '../support/tokens';

describe.each(PLATFORMS)('Logging out on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform);
  });
  afterAll(() => app.close());

  it('refuses the token from the next request on', async () => {
    const token = app.issuer.token();
    await app.me(token).expect(200);
    await app.logout(token).expect(200, DOCUMENTED.loggedOut);
    await app.me(token).expect(401, DOCUMENTED.refused);
  });
});
