/**
 * An OpenID provider in a process of its own: `oidc-provider`, in memory, on 127.0.0.1. Run by
 * `oidc-provider.ts`, which describes SETTINGS. Sends its parent its issuer, and then each logout
 * token that it has sent to a client, with what came of it.
 */
import { createServer } from 'node:http';
import { once } from 'node:events';
import Provider from 'oidc-provider';

const { port, clients, jwks, audience, accessTokenSeconds } = JSON.parse(process.env.SETTINGS);
const issuer = `http://127.0.0.1:${port}`;

const resourceServer = {
  scope: 'api',
  audience,
  accessTokenTTL: accessTokenSeconds,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: jwks.keys[0].alg } },
};

const provider = new Provider(issuer, {
  clients,
  jwks,
  cookies: { keys: ['a key that signs cookies of tests'] },
  claims: { openid: ['sub'] },
  scopes: ['openid'],
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => resourceServer,
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = form;
      },
    },
  },
  // The code, and the refresh token, know the session that they were issued in.
  extraTokenClaims: ({ oidc: { entities } }) => {
    const { sid, authTime } = entities.AuthorizationCode ?? entities.RefreshToken ?? {};
    return { ...(sid !== undefined && { sid }), auth_time: authTime };
  },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  // Who has logged in has agreed.
  loadExistingGrant: async ({ oidc: { session, client } }) => {
    const known = session.grantIdFor(client.clientId);
    if (known !== undefined) return provider.Grant.find(known);
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid');
    grant.addResourceScope(audience, 'api');
    await grant.save();
    return grant;
  },
  pkce: { required: () => false },
  issueRefreshToken: () => true,
  ttl: { Session: 3600, Grant: 3600, IdToken: 3600, Interaction: 60 },
  // Its own dispatcher refuses loopback, where the clients of tests are.
  fetch: async (url, { dispatcher: _, ...options }) => {
    const sentAtMs = Date.now();
    const response = await fetch(url, options);
    if (options.body instanceof URLSearchParams && options.body.has('logout_token'))
      process.send({
        url,
        logoutToken: options.body.get('logout_token'),
        status: response.status,
        sentAtMs,
        answeredAtMs: Date.now(),
      });
    return response;
  },
});

const answer = provider.callback();
const server = createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return logIn(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(error.stack);
  });
});

/** Whom `login_hint` names is logged in. */
async function logIn(request, response) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  if (prompt.name !== 'login') throw new Error(JSON.stringify(prompt));
  const result = { login: { accountId: params.login_hint } };
  await provider.interactionFinished(request, response, result);
}

server.listen(port, '127.0.0.1');
await once(server, 'listening');
process.send({ issuer });
process.once('disconnect', () => process.exit());
