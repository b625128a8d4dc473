import { ownGuardApp } from '../harness/own-guard-proofs.mjs';
import { headerSpellings } from '../harness/spellings.mjs';

export const title = 'express-jwt';

export const packages = ['express', 'jsonwebtoken', 'typeorm'];

export const proofs = {
  'compiles against our declarations without skipLibCheck': (host) =>
    host.run(['npm', 'run', 'build']),
};

export const apps = [
  ownGuardApp('a plain Express application with RS256', {
    main: 'dist/main.js',
    login: {
      path: '/login',
      credentials: { username: 'john', password: 'changeme' },
      status: 200,
    },
    profile: '/profile',
    tokenFrom: ({ body }) => JSON.parse(body).access_token,
    carry: (token) => [['Authorization', `Bearer ${token}`]],
    spellings: headerSpellings,
    mustAccept: ['the loose last bits of the signature set'],
    granted: { sub: 1, username: 'john' },
    refused: { status: 401, body: '{"error":"credentials_required"}' },
    logout: '/logout',
    loggedOut: { status: 200, body: '{"message":"Logged out successfully"}' },
    unknown: { status: 500, body: '{"error":"Internal server error"}' },
    repeated: { status: 400, body: '{"error":"Invalid token"}' },
  }),
];
